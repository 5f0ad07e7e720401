package dev.drawbridge.incident;

import dev.drawbridge.alert.Alert;
import dev.drawbridge.alert.AlertHandler;
import dev.drawbridge.alert.Alerts;
import dev.drawbridge.alert.Disposition;
import dev.drawbridge.alert.StoredAlert;
import dev.drawbridge.audit.AuditEvent;
import dev.drawbridge.audit.AuditTrail;
import dev.drawbridge.guardrail.DryRuns;
import dev.drawbridge.guardrail.StormLatch;
import dev.drawbridge.node.OwnWrites;
import dev.drawbridge.playbook.Playbook;
import dev.drawbridge.playbook.PlaybookCatalogue;
import dev.drawbridge.playbook.PlaybookRunner;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.AlertId;
import dev.drawbridge.shared.Ids;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.NodePath;
import dev.drawbridge.shared.WatchedSet;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.dao.DuplicateKeyException;
import org.springframework.stereotype.Service;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * Decides which incident an alert belongs to. Rows are always taken in the order alert, incident, engine, end of the audit
 * chain, here and in the steps of the workflow, so that no two transactions wait for each other in a circle.
 */
@Service
class IncidentRegistry implements Incidents, AlertHandler {
    private static final Logger log = LoggerFactory.getLogger(IncidentRegistry.class);
    private static final List<String> SEVERITIES = List.of("low", "medium", "high", "critical");

    private final IncidentStore store;
    private final Alerts alerts;
    private final HostIdentity hosts;
    private final OwnWriteCheck ownWrites;
    private final PlaybookCatalogue playbooks;
    private final PlaybookRunner runner;
    private final StormLatch storm;
    private final DryRuns dryRuns;
    private final AuditTrail audit;
    private final IncidentMetrics metrics;
    private final TransactionTemplate joining;
    private final Clock clock;
    private final Ids ids;
    private final String cluster;

    IncidentRegistry(
            IncidentStore store,
            Alerts alerts,
            HostIdentity hosts,
            OwnWriteCheck ownWrites,
            PlaybookCatalogue playbooks,
            PlaybookRunner runner,
            StormLatch storm,
            DryRuns dryRuns,
            AuditTrail audit,
            IncidentMetrics metrics,
            PlatformTransactionManager transactions,
            Clock clock,
            Ids ids,
            @Value("${drawbridge.cluster.name:kubernetes}") String cluster) {
        this.store = store;
        this.alerts = alerts;
        this.hosts = hosts;
        this.ownWrites = ownWrites;
        this.playbooks = playbooks;
        this.runner = runner;
        this.storm = storm;
        this.dryRuns = dryRuns;
        this.audit = audit;
        this.metrics = metrics;
        this.joining = new TransactionTemplate(transactions);
        this.clock = clock;
        this.ids = ids;
        this.cluster = cluster;
    }

    @Override
    public void handle(Alert alert, Consumer<Handled> keep) {
        joining.executeWithoutResult(status -> answer(alert, null, keep));
    }

    /** One that was decided before, and is to be answered by an incident now. */
    private Handled answerLater(Alert alert, @Nullable Person person) {
        return answer(alert, person, handled -> {
            if (handled.incident() != null) {
                alerts.link(alert.id(), handled.incident());
            }
        });
    }

    /**
     * @param person who had a stale alert answered; null when it is answered automatically
     * @param keep as in {@link #handle}
     */
    private Handled answer(Alert alert, @Nullable Person person, Consumer<Handled> keep) {
        Optional<Playbook> matched = playbooks.match(alert);
        if (matched.isEmpty()) {
            return kept(new Handled(Disposition.UNMATCHED, null, "no playbook answers this rule"), keep);
        }
        Playbook playbook = matched.get();
        Optional<String> unfit = unfit(playbook, alert);
        if (unfit.isPresent()) {
            return kept(new Handled(Disposition.REJECTED, null, unfit.get()), keep);
        }
        HostIdentity.Identified identified = hosts.identify(alert);
        // a person who has it answered means it; a node that could only be presumed proves nothing
        if (person == null && identified.node() != null && identified.reason() == null) {
            Optional<OwnWrites.OwnWrite> ours = ownWrites.explaining(alert, identified.node());
            if (ours.isPresent()) {
                return own(alert, identified.node(), ours.get(), keep);
            }
        }
        String key = openKey(identified.node(), alert.host());
        Optional<Playbook.Exclusion> exclusion = playbooks.exclusionFor(playbook, alert);
        Case found = new Case(playbook, identified, key, exclusion.isPresent(), reason(identified, exclusion), keep);
        return store.lockOpen(key)
                .map(open -> join(open, alert, found, person))
                .orElseGet(() -> open(alert, found, person));
    }

    /** Kept with the incident that the write belongs to, open or closed; nothing is started, and no workflow hears of it. */
    private Handled own(Alert alert, NodeName node, OwnWrites.OwnWrite write, Consumer<Handled> keep) {
        store.lock(write.incident());
        String reason = "Drawbridge's own restore of the file, done from " + write.from() + " to " + write.to();
        Handled joined = kept(new Handled(Disposition.JOINED, write.incident(), reason), keep);
        ownWrites.explain(write, alert);
        audit.record(AuditEvent.fact(
                        Actor.SYSTEM,
                        "incident.own-write",
                        alert.normalisedPath().map(NodePath::toString).orElse(""),
                        reason)
                .on(write.incident(), node)
                .with("alert", alert.id().value())
                .with("content", write.content().hex()));
        return joined;
    }

    private static Handled kept(Handled handled, Consumer<Handled> keep) {
        keep.accept(handled);
        return handled;
    }

    /** Who answers a stale alert, and why. */
    private record Person(Actor actor, String reason) {}

    /** What was found out about an alert before an incident is opened or joined for it. */
    private record Case(
            Playbook playbook,
            HostIdentity.Identified identified,
            String openKey,
            boolean excluded,
            @Nullable String reason,
            Consumer<Handled> keep) {
        Handled answeredBy(Disposition disposition, IncidentId incident) {
            return kept(new Handled(excluded ? Disposition.EXCLUDED : disposition, incident, reason), keep);
        }
    }

    private static @Nullable String reason(HostIdentity.Identified identified, Optional<Playbook.Exclusion> exclusion) {
        return exclusion.map(applied -> "excluded: " + applied.reason()).orElse(identified.reason());
    }

    /** Why nothing can be done with an alert, whatever the host. */
    private static Optional<String> unfit(Playbook playbook, Alert alert) {
        if (alert.host().isBlank()) {
            return Optional.of("it names no host");
        }
        if (alert.path().isEmpty()) {
            return Optional.of("it names no file");
        }
        Optional<NodePath> path = alert.normalisedPath();
        if (path.isEmpty()) {
            return Optional.of("its path is not an absolute path");
        }
        if (!playbook.watched().contains(path.get())) {
            return Optional.of("its path lies outside what the playbook watches");
        }
        if (!new WatchedSet(playbook.match().paths()).contains(path.get())) {
            return Optional.of("its path is none that the playbook answers");
        }
        return Optional.empty();
    }

    private String openKey(@Nullable NodeName node, String host) {
        // a host that only claims a node's name must not share its incident
        return cluster + (node == null ? "/host/" + host.toLowerCase(Locale.ROOT) : "/node/" + node);
    }

    private Handled join(Incident open, Alert alert, Case found, @Nullable Person person) {
        IncidentId id = open.id();
        Instant firstEvent = alert.eventTime().isBefore(open.firstEventAt()) ? alert.eventTime() : open.firstEventAt();
        store.joined(id, worse(open.severity(), alert.severity()), firstEvent);
        Handled joined = found.answeredBy(Disposition.JOINED, id);
        audit.record(fact(actor(found, person), "incident.join", alert, found, person)
                .on(id, open.node()));
        runner.alertJoined(id, playbooks.get(open.playbook(), open.playbookVersion()), alert, found.excluded());
        return joined;
    }

    private Handled open(Alert alert, Case found, @Nullable Person person) {
        IncidentId id = IncidentId.of(ids.next());
        NodeName node = found.identified().node();
        Playbook playbook = found.playbook();
        store.insert(
                new Incident(
                        id,
                        cluster,
                        node,
                        alert.host(),
                        IncidentState.OPEN,
                        alert.severity(),
                        playbook.title() + ": "
                                + alert.normalisedPath()
                                        .map(NodePath::toString)
                                        .orElse("")
                                        .lines()
                                        .findFirst()
                                        .map(path -> path.length() <= 500 ? path : path.substring(0, 499) + "…")
                                        .orElse(""),
                        playbook.name(),
                        playbook.version(),
                        now(),
                        alert.eventTime(),
                        null,
                        null),
                found.openKey());
        Handled opened = found.answeredBy(Disposition.OPENED, id);
        audit.record(fact(actor(found, person), "incident.open", alert, found, person)
                .on(id, node)
                .with("playbook", playbook.name() + " " + playbook.version()));
        storm.opened(id);
        if (!dryRuns.beginIfSwitched(playbook.name(), id) && playbook.dryRun()) {
            dryRuns.begin(
                    Actor.playbook(playbook.name()), id, "the playbook " + playbook.name() + " is to be tried first");
        }
        runner.start(new PlaybookRunner.Start(id, playbook, node, alert, found.excluded(), person != null));
        log.info("incident opened incident={} node={} playbook={}", id, node == null ? "-" : node, playbook.name());
        return opened;
    }

    private static Actor actor(Case found, @Nullable Person person) {
        return person == null ? Actor.playbook(found.playbook().name()) : person.actor();
    }

    private static AuditEvent fact(Actor actor, String action, Alert alert, Case found, @Nullable Person person) {
        String why = person != null
                ? person.reason()
                : found.reason() != null ? found.reason() : "the playbook answers rule " + alert.ruleId();
        return AuditEvent.fact(
                        actor,
                        action,
                        alert.normalisedPath().map(NodePath::toString).orElse(""),
                        why)
                .with("alert", alert.id().value())
                .with("host", alert.host())
                .with("excluded", String.valueOf(found.excluded()));
    }

    private static String worse(String one, String other) {
        return SEVERITIES.indexOf(other) > SEVERITIES.indexOf(one) ? other : one;
    }

    @Override
    public Optional<Incident> find(IncidentId id) {
        return store.find(id);
    }

    @Override
    public List<Incident> page(
            @Nullable NodeName node, @Nullable IncidentState state, @Nullable IncidentId before, int limit) {
        return store.page(node, state, before, limit);
    }

    @Override
    public List<Alert> alerts(IncidentId id) {
        return alerts.ofIncident(id, MOST_ALERTS);
    }

    @Override
    public List<Alert> alertsAfter(IncidentId id, Instant event) {
        return alerts.ofIncidentAfter(id, event, MOST_ALERTS);
    }

    @Override
    public void move(Actor actor, IncidentId id, IncidentState state, String reason) {
        if (state.closed()) {
            throw new IllegalArgumentException("an incident is closed with a resolution");
        }
        joining.executeWithoutResult(status -> {
            IncidentStore.Locked locked = lock(id);
            moveTo(actor, locked, state, reason);
        });
    }

    private void moveTo(Actor actor, IncidentStore.Locked locked, IncidentState state, String reason) {
        Incident incident = locked.incident();
        if (incident.state() == state) {
            return;
        }
        if (!incident.state().canMoveTo(state)) {
            throw new IllegalStateException("an incident that is "
                    + incident.state().code() + " cannot become " + state.code() + ": " + incident.id());
        }
        store.move(incident.id(), state, state == IncidentState.STALLED ? incident.state() : null);
        audit.record(AuditEvent.fact(actor, "incident.move", state.code(), reason)
                .on(incident.id(), incident.node())
                .with("from", incident.state().code()));
        milestone(state)
                .filter(reached -> store.reach(incident.id(), reached, now()))
                .ifPresent(reached -> metrics.reached(reached, incident.firstEventAt(), now()));
        log.info(
                "incident is {} incident={} node={}",
                state.code(),
                incident.id(),
                incident.node() == null ? "-" : incident.node());
    }

    /** Entering the next phase proves the one before: verification begins when everything is restored. */
    private static Optional<IncidentStore.Milestone> milestone(IncidentState entered) {
        return switch (entered) {
            case CONTAINED -> Optional.of(IncidentStore.Milestone.CONTAINED);
            case VERIFYING -> Optional.of(IncidentStore.Milestone.RESTORED);
            case AWAITING_APPROVAL -> Optional.of(IncidentStore.Milestone.VERIFIED);
            default -> Optional.empty();
        };
    }

    @Override
    public void close(Actor actor, IncidentId id, IncidentState state, String resolution) {
        if (!state.closed()) {
            throw new IllegalArgumentException("not a closed state: " + state);
        }
        joining.executeWithoutResult(status -> {
            Incident incident = lock(id).incident();
            if (incident.state().closed()) {
                return;
            }
            String kept = resolution.length() <= 4000 ? resolution : resolution.substring(0, 4000);
            store.close(id, state, kept, now());
            audit.record(AuditEvent.fact(actor, "incident.close", state.code(), resolution)
                    .on(id, incident.node())
                    .with("from", incident.state().code()));
            log.info(
                    "incident is {} incident={} node={}",
                    state.code(),
                    id,
                    incident.node() == null ? "-" : incident.node());
        });
    }

    @Override
    public void resume(Actor actor, IncidentId id, String reason) {
        joining.executeWithoutResult(status -> {
            IncidentStore.Locked locked = lock(id);
            if (locked.stalledFrom() != null && locked.incident().state() == IncidentState.STALLED) {
                moveTo(actor, locked, locked.stalledFrom(), reason);
            }
        });
    }

    @Override
    public Optional<IncidentId> respond(Actor actor, AlertId alert, String reason) {
        try {
            return respondOnce(actor, alert, reason);
        } catch (DuplicateKeyException openedAtThisMoment) {
            return respondOnce(actor, alert, reason);
        }
    }

    private Optional<IncidentId> respondOnce(Actor actor, AlertId alert, String reason) {
        return joining.execute(status -> alerts.lock(alert)
                .filter(stored -> stored.disposition() == Disposition.STALE)
                .flatMap(stored -> respondTo(actor, stored, reason)));
    }

    private Optional<IncidentId> respondTo(Actor actor, StoredAlert stored, String reason) {
        if (stored.incident() != null) {
            return Optional.of(stored.incident());
        }
        return Optional.ofNullable(
                answerLater(stored.alert(), new Person(actor, reason)).incident());
    }

    @Override
    public void hold(IncidentId id) {
        joining.executeWithoutResult(status -> lock(id));
    }

    @Override
    public void answerAgain(AlertId alert) {
        joining.executeWithoutResult(status -> {
            StoredAlert late = alerts.find(alert).orElseThrow();
            answerLater(late.alert(), null);
        });
    }

    private IncidentStore.Locked lock(IncidentId id) {
        return store.lock(id).orElseThrow(() -> new IllegalArgumentException("no such incident: " + id));
    }

    private Instant now() {
        return clock.instant().truncatedTo(ChronoUnit.MICROS);
    }
}
