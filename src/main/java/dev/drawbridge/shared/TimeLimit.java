package dev.drawbridge.shared;

import java.time.Duration;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;

/**
 * How long the work on this thread may still take. A step of a workflow holds a lock on its job, and when the lock ends,
 * another instance does the same step: so whoever waits for something slow in a step asks here how long it may. Bound to the thread,
 * because the waiting is done many calls below the step. See decision record 30.
 */
public final class TimeLimit {
    private static final ThreadLocal<@Nullable Long> END = new ThreadLocal<>();

    private TimeLimit() {}

    /** Runs work under a limit; one that is set already and ends earlier stays. */
    public static <T> T within(Duration limit, Callable<T> work) throws Exception {
        Long outer = END.get();
        long end = System.nanoTime() + limit.toNanos();
        END.set(outer == null || end - outer < 0 ? end : outer);
        try {
            return work.call();
        } finally {
            if (outer == null) {
                END.remove();
            } else {
                END.set(outer);
            }
        }
    }

    /**
     * The shorter of a component's own time limit and what is left.
     *
     * @throws TimeLimitException when nothing is left
     */
    public static Duration atMost(Duration wanted) {
        Long end = END.get();
        if (end == null) {
            return wanted;
        }
        Duration left = Duration.ofNanos(end - System.nanoTime());
        if (left.isNegative() || left.isZero()) {
            throw new TimeLimitException();
        }
        return left.compareTo(wanted) < 0 ? left : wanted;
    }

    /**
     * Before something is begun that should not be cut short.
     *
     * @throws TimeLimitException when less is left
     */
    public static void require(Duration needed) {
        if (atMost(needed).compareTo(needed) < 0) {
            throw new TimeLimitException();
        }
    }
}
