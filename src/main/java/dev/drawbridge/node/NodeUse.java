package dev.drawbridge.node;

import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.IncidentId;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * In whose name the work on this thread reaches nodes. Where a node is reached by something that has to be started there, starting it is an
 * effect: somebody answers for it, and it ends with the work. Bound to the thread, because nodes are reached many calls below the step.
 */
public final class NodeUse {
    private static final ThreadLocal<@Nullable NodeUse> CURRENT = new ThreadLocal<>();

    private final Actor actor;
    private final @Nullable IncidentId incident;
    private final Map<Object, Object> kept = new HashMap<>();
    private final Deque<Runnable> ends = new ArrayDeque<>();

    private NodeUse(Actor actor, @Nullable IncidentId incident) {
        this.actor = actor;
        this.incident = incident;
    }

    /** Runs work that reaches nodes, for an incident; a part of other such work on this thread is a part of it. */
    public static <T> T in(Actor actor, IncidentId incident, Supplier<T> work) {
        return within(actor, incident, work);
    }

    /** Runs work that looks at nodes for no incident, and changes nothing there: a sweep. */
    public static <T> T looking(Actor actor, Supplier<T> work) {
        return within(actor, null, work);
    }

    private static <T> T within(Actor actor, @Nullable IncidentId incident, Supplier<T> work) {
        NodeUse outer = CURRENT.get();
        if (outer != null && outer.actor.equals(actor) && Objects.equals(outer.incident, incident)) {
            return work.get();
        }
        NodeUse use = new NodeUse(actor, incident);
        CURRENT.set(use);
        try {
            return work.get();
        } finally {
            use.end();
            if (outer == null) {
                CURRENT.remove();
            } else {
                CURRENT.set(outer);
            }
        }
    }

    /** Empty where nobody said in whose name. */
    public static Optional<NodeUse> current() {
        return Optional.ofNullable(CURRENT.get());
    }

    public Actor actor() {
        return actor;
    }

    /** Null for work that only looks. */
    public @Nullable IncidentId incident() {
        return incident;
    }

    /**
     * What was opened for this work under a key, opened now if need be.
     *
     * @param end closes it when the work is over, whatever came of it; must not throw
     */
    public <T> T kept(Object key, Class<T> type, Supplier<T> open, Consumer<T> end) {
        Object there = kept.get(key);
        if (there == null) {
            T opened = open.get();
            kept.put(key, opened);
            ends.push(() -> end.accept(opened));
            return opened;
        }
        return type.cast(there);
    }

    /** It broke: whoever asks next gets a new one; it is ended with the others. */
    public void forget(Object key) {
        kept.remove(key);
    }

    private void end() {
        while (!ends.isEmpty()) {
            ends.pop().run();
        }
    }
}
