package dev.drawbridge.sweep;

import dev.drawbridge.alert.Alert;
import dev.drawbridge.alert.Alerts;
import dev.drawbridge.alert.OwnFindings;
import dev.drawbridge.alert.StoredAlert;
import dev.drawbridge.audit.AuditEvent;
import dev.drawbridge.audit.AuditTrail;
import dev.drawbridge.baseline.BaselineResult;
import dev.drawbridge.baseline.BaselineRevision;
import dev.drawbridge.baseline.Baselines;
import dev.drawbridge.baseline.Drift;
import dev.drawbridge.baseline.DriftFinder;
import dev.drawbridge.incident.Incident;
import dev.drawbridge.incident.IncidentState;
import dev.drawbridge.incident.Incidents;
import dev.drawbridge.node.NodeAccessException;
import dev.drawbridge.node.NodeFiles;
import dev.drawbridge.node.NodeInfo;
import dev.drawbridge.node.NodeScan;
import dev.drawbridge.node.NodeUse;
import dev.drawbridge.playbook.Playbook;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.TimeLimitException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;

/** Looks at one node, writes nothing there, and raises an alert when it is not what the baseline says. */
@Component
class DriftSweep {
    private static final Logger log = LoggerFactory.getLogger(DriftSweep.class);
    private static final Actor ACTOR = Actor.detector("drift-sweep");
    /** One fetch serves all nodes of a round. */
    private static final Duration FETCHED = Duration.ofMinutes(1);

    private final Baselines baselines;
    private final NodeFiles files;
    private final Incidents incidents;
    private final Alerts alerts;
    private final OwnFindings findings;
    private final AuditTrail audit;
    private final Clock clock;

    DriftSweep(
            Baselines baselines,
            NodeFiles files,
            Incidents incidents,
            Alerts alerts,
            OwnFindings findings,
            AuditTrail audit,
            Clock clock) {
        this.baselines = baselines;
        this.files = files;
        this.incidents = incidents;
        this.alerts = alerts;
        this.findings = findings;
        this.audit = audit;
        this.clock = clock;
    }

    /** @param playbook the one that answers what sweeps raise: what it watches is compared */
    SweepOutcome sweep(NodeInfo node, Playbook playbook, SweepStore.Claimed last) {
        SweepOutcome outcome;
        try {
            outcome = look(node, playbook, last);
        } catch (NodeAccessException | TimeLimitException unreachable) {
            outcome = new SweepOutcome.NotAvailable(String.valueOf(unreachable.getMessage()));
        } catch (RuntimeException fault) {
            log.error("node={} the sweep failed", node.name(), fault);
            outcome =
                    new SweepOutcome.NotAvailable("a fault: " + fault.getClass().getSimpleName());
        }
        tell(node.name(), outcome, last);
        return outcome;
    }

    private SweepOutcome look(NodeInfo node, Playbook playbook, SweepStore.Claimed last) {
        Optional<Incident> open = open(node.name());
        if (open.isPresent()) {
            return skipped(open.get());
        }
        BaselineResult result = baselines.recentlyTrusted(node, FETCHED);
        if (result instanceof BaselineResult.Untrusted untrusted) {
            return new SweepOutcome.NotAvailable(
                    "no trusted baseline, " + untrusted.rule() + ": " + untrusted.reason());
        }
        if (!(result instanceof BaselineResult.Trusted trusted)) {
            return new SweepOutcome.NotAvailable(
                    "no trusted baseline: " + ((BaselineResult.NotAvailable) result).reason());
        }
        BaselineRevision revision = trusted.baseline().revision();
        if (!DriftFinder.covers(trusted.baseline().files(), playbook.watched())) {
            return new SweepOutcome.NotAvailable(revision + " holds no file of the watched set");
        }
        List<Drift> drifts;
        Instant scanned;
        try (NodeScan scan = NodeUse.looking(
                ACTOR, () -> files.scan(node.name(), playbook.watched().roots()))) {
            drifts = DriftFinder.find(trusted.baseline().files(), scan, playbook.watched());
            scanned = scan.at();
        }
        // opened while we looked: what was seen may be half of a restore
        open = open(node.name());
        if (open.isPresent()) {
            return skipped(open.get());
        }
        return drifts.isEmpty()
                ? new SweepOutcome.InSync(revision)
                : drifted(node, playbook, revision, drifts, scanned, last);
    }

    private SweepOutcome drifted(
            NodeInfo node,
            Playbook playbook,
            BaselineRevision revision,
            List<Drift> drifts,
            Instant scanned,
            SweepStore.Claimed last) {
        Digest drift = SweepAlert.digest(node, revision, drifts);
        Optional<String> known = drift.equals(last.drift()) ? settled(last) : Optional.empty();
        if (known.isPresent()) {
            return new SweepOutcome.Known(drifts.size(), known.get());
        }
        Alert alert = SweepAlert.of(node, playbook, drifts, drift, last.alert(), scanned, clock.instant());
        OwnFindings.Taken taken = findings.raise(ACTOR, alert, SweepAlert.raw(node, revision, drifts));
        return new SweepOutcome.Drifted(drifts.size(), drift, alert.id(), taken);
    }

    /** Why the drift that was reported before needs no further alert; empty when it came back after it had been put right. */
    private Optional<String> settled(SweepStore.Claimed last) {
        Optional<StoredAlert> stored = last.alert() == null ? Optional.empty() : alerts.find(last.alert());
        if (stored.isEmpty()) {
            return Optional.empty();
        }
        if (stored.get().incident() == null) {
            return Optional.of("alert " + last.alert() + " is "
                    + stored.get().disposition().code());
        }
        return incidents
                .find(stored.get().incident())
                .filter(incident -> incident.state() == IncidentState.CLOSED_FALSE_POSITIVE)
                .map(incident -> "incident " + incident.id() + " was closed as a false positive");
    }

    private Optional<Incident> open(NodeName node) {
        // one open incident per node, and it is the newest
        return incidents.page(node, null, null, 1).stream()
                .filter(incident -> !incident.state().closed())
                .findFirst();
    }

    private static SweepOutcome skipped(Incident open) {
        return new SweepOutcome.Skipped("incident " + open.id() + " is open on the node");
    }

    /** Into the trail when it is another finding than before; a thousand nodes in sync would drown what matters. */
    private void tell(NodeName node, SweepOutcome outcome, SweepStore.Claimed last) {
        boolean other = !outcome.code().equals(last.outcome())
                || !(outcome instanceof SweepOutcome.InSync)
                        && !outcome.reason().equals(last.reason());
        if (outcome instanceof SweepOutcome.InSync && !other) {
            log.debug("node={} swept: {}", node, outcome.code());
            return;
        }
        log.info("node={} swept: {}", node, outcome.code());
        if (other) {
            audit.recordNow(
                    AuditEvent.fact(ACTOR, "sweep.node", node.value(), outcome.code() + ": " + outcome.reason()));
        }
    }
}
