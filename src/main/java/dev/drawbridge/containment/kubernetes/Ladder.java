package dev.drawbridge.containment.kubernetes;

import dev.drawbridge.containment.Containment;
import dev.drawbridge.containment.NodeCredentials;
import dev.drawbridge.containment.Proven;
import dev.drawbridge.containment.Rung;
import dev.drawbridge.containment.RungOutcome;
import dev.drawbridge.containment.kubernetes.ContainmentJournal.Row;
import dev.drawbridge.containment.kubernetes.ContainmentJournal.State;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.springframework.stereotype.Service;

/** All rungs: those that are patches of the one Node object, and those that change others. */
@Service
class Ladder implements Containment {
    private final NodeContainment node;
    private final ObjectContainment objects;
    private final ContainmentJournal journal;
    private final AskedRights rights;
    private final TolerationSweep sweep;
    private final PodsGone podsGone;

    Ladder(
            NodeContainment node,
            ObjectContainment objects,
            TolerationSweep sweep,
            PodsGone podsGone,
            ContainmentJournal journal,
            AskedRights rights) {
        this.node = node;
        this.objects = objects;
        this.sweep = sweep;
        this.podsGone = podsGone;
        this.journal = journal;
        this.rights = rights;
    }

    @Override
    public RungOutcome apply(Actor actor, IncidentId incident, NodeName name, Rung rung) {
        // before anything is announced: what cannot be is no effect that failed
        Optional<String> impossible = rung.byHand() ? Optional.of(NodeCredentials.BY_HAND) : rights.missing(rung);
        RungOutcome outcome = impossible
                .<RungOutcome>map(RungOutcome.NotSupported::new)
                .orElseGet(() -> tried(actor, incident, name, rung));
        if (outcome instanceof RungOutcome.NotSupported missing) {
            journal.notSupported(incident, name, rung, missing.reason());
        }
        return outcome;
    }

    @Override
    public Optional<AnnouncedRung> announce(Actor actor, IncidentId incident, NodeName name, Rung rung) {
        boolean simple =
                !rung.byHand() && !objects.knows(rung) && rights.missing(rung).isEmpty();
        return simple ? node.announce(actor, incident, name, rung) : Optional.empty();
    }

    private RungOutcome tried(Actor actor, IncidentId incident, NodeName name, Rung rung) {
        try {
            return objects.knows(rung)
                    ? objects.apply(actor, incident, name, rung)
                    : swept(actor, incident, name, rung, node.apply(actor, incident, name, rung));
        } catch (KubernetesClientException refused) {
            if (refused.getCode() == NodeObjects.FORBIDDEN) {
                // perhaps a right that was taken away: the next attempt of this step knows it
                rights.missingNow(rung);
            }
            throw refused;
        }
    }

    /** After our taint, where not every toleration of it is allowed. */
    private RungOutcome swept(Actor actor, IncidentId incident, NodeName name, Rung rung, RungOutcome outcome) {
        boolean tainted = rung == Rung.TAINT
                && (outcome instanceof RungOutcome.Applied || outcome instanceof RungOutcome.Already);
        if (!tainted || !sweep.wanted()) {
            return outcome;
        }
        return objects.follow(sweep.sequel(), actor, incident, name, rights.missing(Rung.DRAIN))
                .filter(after -> !(after instanceof RungOutcome.Already))
                .orElse(outcome);
    }

    @Override
    public RungOutcome release(Actor actor, IncidentId incident, NodeName name, Rung rung) {
        if (rung.byHand()) {
            return new RungOutcome.Already("nothing of ours: it was a person's to do, and is a person's to undo");
        }
        return objects.knows(rung)
                ? objects.release(actor, incident, name, rung)
                : node.release(actor, incident, name, rung);
    }

    @Override
    public Proven podsGone(IncidentId incident, NodeName name) {
        return podsGone.look(incident, name);
    }

    @Override
    public List<AppliedRung> applied(IncidentId incident) {
        return rungs(incident, Row::open);
    }

    @Override
    public List<AppliedRung> ladder(IncidentId incident) {
        Set<Rung> open = applied(incident).stream().map(AppliedRung::rung).collect(Collectors.toSet());
        return rungs(incident, row -> row.open() || row.state() == State.NOT_SUPPORTED && !open.contains(row.rung()));
    }

    private List<AppliedRung> rungs(IncidentId incident, Predicate<Row> which) {
        return journal.rows(incident).stream()
                .filter(which)
                .map(row -> new AppliedRung(
                        row.rung(),
                        row.state().code(),
                        row.detail(),
                        row.priorState(),
                        Objects.requireNonNullElse(row.settledAt(), row.begunAt())))
                .toList();
    }
}
