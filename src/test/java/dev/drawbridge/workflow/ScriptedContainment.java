package dev.drawbridge.workflow;

import dev.drawbridge.containment.Containment;
import dev.drawbridge.containment.Proven;
import dev.drawbridge.containment.Rung;
import dev.drawbridge.containment.RungOutcome;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/** A cluster that does what it is asked, or what a test wants it to answer. */
final class ScriptedContainment implements Containment {
    final Script<RungOutcome> apply = new Script<>();
    final Script<RungOutcome> release = new Script<>();
    final Script<Proven> podsGone = new Script<>();

    /** What a head start does that is allowed; null while none is. */
    volatile @Nullable Runnable ahead;

    /** Every call that reached the cluster, in order: {@code apply cordon}. */
    final List<String> calls = new CopyOnWriteArrayList<>();

    final Map<IncidentId, List<AppliedRung>> applied = new ConcurrentHashMap<>();

    private final Map<IncidentId, List<AppliedRung>> unsupported = new ConcurrentHashMap<>();

    void clear() {
        apply.clear();
        release.clear();
        podsGone.clear();
        ahead = null;
        calls.clear();
    }

    List<String> releases() {
        return calls.stream().filter(call -> call.startsWith("release")).toList();
    }

    @Override
    public RungOutcome apply(Actor actor, IncidentId incident, NodeName node, Rung rung) {
        calls.add("apply " + rung.code());
        return apply.take(() -> {
            List<AppliedRung> rungs = applied.computeIfAbsent(incident, none -> new ArrayList<>());
            if (rungs.stream().anyMatch(one -> one.rung() == rung)) {
                return new RungOutcome.Already("found our own");
            }
            rungs.add(new AppliedRung(rung, "applied", "done", "{}", Instant.now()));
            return new RungOutcome.Applied("done");
        });
    }

    @Override
    public Optional<AnnouncedRung> announce(Actor actor, IncidentId incident, NodeName node, Rung rung) {
        Runnable allowed = ahead;
        if (allowed == null) {
            return Optional.empty();
        }
        return Optional.of(new AnnouncedRung() {
            @Override
            public Runnable apply() {
                calls.add("ahead " + rung.code());
                allowed.run();
                return () -> calls.add("kept " + rung.code());
            }

            @Override
            public void leave(String reason) {
                calls.add("left " + rung.code());
            }
        });
    }

    @Override
    public RungOutcome release(Actor actor, IncidentId incident, NodeName node, Rung rung) {
        calls.add("release " + rung.code());
        return release.take(() -> {
            applied.getOrDefault(incident, new ArrayList<>()).removeIf(one -> one.rung() == rung);
            return new RungOutcome.Applied("undone");
        });
    }

    @Override
    public Proven podsGone(IncidentId incident, NodeName node) {
        calls.add("pods gone");
        return podsGone.take(() -> new Proven.Yes("no pod is left"));
    }

    @Override
    public List<AppliedRung> applied(IncidentId incident) {
        return List.copyOf(applied.getOrDefault(incident, List.of()));
    }

    /** What the cluster did not offer. */
    void ladder(IncidentId incident, AppliedRung... missing) {
        unsupported.put(incident, List.of(missing));
    }

    @Override
    public List<AppliedRung> ladder(IncidentId incident) {
        List<AppliedRung> all = new ArrayList<>(applied(incident));
        all.addAll(unsupported.getOrDefault(incident, List.of()));
        return all;
    }
}
