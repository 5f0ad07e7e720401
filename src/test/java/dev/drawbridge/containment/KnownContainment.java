package dev.drawbridge.containment;

import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Says what a test wants to be applied; changes nothing. */
public final class KnownContainment implements Containment {
    private final Map<IncidentId, List<AppliedRung>> applied = new HashMap<>();

    public void put(IncidentId incident, AppliedRung... rungs) {
        applied.computeIfAbsent(incident, none -> new ArrayList<>()).addAll(List.of(rungs));
    }

    public void clear() {
        applied.clear();
    }

    @Override
    public RungOutcome apply(Actor actor, IncidentId incident, NodeName node, Rung rung) {
        throw new UnsupportedOperationException("pages and API contain nothing");
    }

    @Override
    public Optional<AnnouncedRung> announce(Actor actor, IncidentId incident, NodeName node, Rung rung) {
        return Optional.empty();
    }

    @Override
    public RungOutcome release(Actor actor, IncidentId incident, NodeName node, Rung rung) {
        throw new UnsupportedOperationException("pages and API release nothing");
    }

    @Override
    public Proven podsGone(IncidentId incident, NodeName node) {
        throw new UnsupportedOperationException("pages and API verify nothing");
    }

    @Override
    public List<AppliedRung> applied(IncidentId incident) {
        return List.copyOf(applied.getOrDefault(incident, List.of()));
    }

    @Override
    public List<AppliedRung> ladder(IncidentId incident) {
        return applied(incident);
    }
}
