package dev.drawbridge.containment.kubernetes;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.drawbridge.audit.AuditEvent;
import dev.drawbridge.audit.AuditTrail;
import dev.drawbridge.containment.Rung;
import dev.drawbridge.containment.RungOutcome;
import dev.drawbridge.containment.kubernetes.ContainmentJournal.Announcement;
import dev.drawbridge.containment.kubernetes.ContainmentJournal.Row;
import dev.drawbridge.containment.kubernetes.ContainmentJournal.State;
import dev.drawbridge.containment.kubernetes.ObjectRung.Target;
import dev.drawbridge.guardrail.ContainedNodes;
import dev.drawbridge.guardrail.Effect;
import dev.drawbridge.guardrail.EffectGate;
import dev.drawbridge.guardrail.EffectResult;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import io.fabric8.kubernetes.api.model.Node;
import java.time.Clock;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * The rungs that change other objects than the node. Each looks, puts what is left to do before the guardrails, does it, and looks again, until
 * nothing is left; a rung that has to wait for the cluster says so instead of waiting.
 */
@Component
class ObjectContainment {
    private static final Logger log = LoggerFactory.getLogger(ObjectContainment.class);

    /** How often what is left is done anew because the objects changed meanwhile. */
    private static final int ROUNDS = 5;

    private final Map<Rung, ObjectRung> rungs = new EnumMap<>(Rung.class);
    private final NodeObjects nodes;
    private final EffectGate gate;
    private final ContainmentJournal journal;
    private final ContainedNodes contained;
    private final AuditTrail audit;
    private final TransactionTemplate transaction;
    private final Clock clock;

    ObjectContainment(
            List<ObjectRung> rungs,
            NodeObjects nodes,
            EffectGate gate,
            ContainmentJournal journal,
            ContainedNodes contained,
            AuditTrail audit,
            PlatformTransactionManager transactions,
            Clock clock) {
        rungs.forEach(rung -> this.rungs.put(rung.rung(), rung));
        this.nodes = nodes;
        this.gate = gate;
        this.journal = journal;
        this.contained = contained;
        this.audit = audit;
        this.transaction = new TransactionTemplate(transactions);
        this.clock = clock;
    }

    /** One act before the gate. */
    private record Step(Actor actor, IncidentId incident, NodeName name, ObjectRung rung) {
        Effect effect(Effect.Kind kind, List<Change> changes) {
            return new Effect(actor, incident, name, kind, rung.rung().code(), Change.text(changes));
        }
    }

    /** Where the changes led: a look that leaves nothing to do, or a guardrail that did not allow them. */
    private record Reached(Look look, RungOutcome outcome, boolean stopped) {
        static Reached at(Look look) {
            return new Reached(look, new RungOutcome.Already(look.detail()), false);
        }

        static Reached stopped(Look look, RungOutcome outcome) {
            return new Reached(look, outcome, true);
        }
    }

    boolean knows(Rung rung) {
        return rungs.containsKey(rung);
    }

    RungOutcome apply(Actor actor, IncidentId incident, NodeName name, Rung rung) {
        Step step = new Step(actor, incident, name, rungs.get(rung));
        RungOutcome outcome = locked(step, () -> apply(step));
        logged(step, "apply", outcome);
        return outcome;
    }

    /** Other incidents may contain the node too, and undo or inherit what this one looks at. */
    private RungOutcome locked(Step step, Supplier<RungOutcome> decision) {
        return Objects.requireNonNull(transaction.execute(status -> {
            journal.lock(step.name());
            return decision.get();
        }));
    }

    /**
     * What follows a rung that is a change of the node, on the same row of the journal.
     *
     * @param missing why it cannot be; then the rung is incomplete
     * @return empty when the rung is not ours on this node, and nothing follows
     */
    Optional<RungOutcome> follow(
            ObjectRung sequel, Actor actor, IncidentId incident, NodeName name, Optional<String> missing) {
        Step step = new Step(actor, incident, name, sequel);
        Optional<Row> row = open(step, journal.rows(incident, name)).filter(Row::owned);
        if (row.isEmpty()) {
            return Optional.empty();
        }
        RungOutcome outcome = missing.<RungOutcome>map(RungOutcome.NotSupported::new)
                .orElseGet(() -> locked(step, () -> apply(step)));
        if (outcome instanceof RungOutcome.NotSupported impossible) {
            String detail = row.get().detail() + "; nothing more: " + impossible.reason();
            transaction.executeWithoutResult(
                    status -> journal.settle(incident, row.get().uid(), sequel.rung(), State.INCOMPLETE, true, detail));
            outcome = new RungOutcome.Incomplete(detail);
        }
        logged(step, "apply", outcome);
        return Optional.of(outcome);
    }

    private RungOutcome apply(Step step) {
        IncidentId incident = step.incident();
        NodeName name = step.name();
        List<Row> rows = journal.rows(incident, name);
        Optional<Node> node = nodes.read(name);
        if (node.isEmpty() || rows.stream().anyMatch(row -> !row.uid().equals(uid(node.get())))) {
            return gone(step);
        }
        Optional<String> missing = step.rung().unsupported(node.get());
        if (missing.isPresent()) {
            return new RungOutcome.NotSupported(missing.get());
        }
        Optional<Row> row = open(step, rows);
        Target target = new Target(
                incident,
                name,
                uid(node.get()),
                row.map(Row::begunAt).orElseGet(clock::instant),
                row.map(Row::priorState).orElse(null));
        Look look = step.rung().toApply(target);
        boolean again =
                rows.stream().anyMatch(known -> known.rung() == step.rung().rung());
        // what was somebody else's and is to be made now is announced as ours
        Runnable announced = row.filter(Row::owned).isPresent()
                ? () -> {}
                : () -> journal.begin(announcement(step, target, look), again);
        Reached reached = row.isEmpty() && !(look instanceof Look.Left)
                ? judged(step, look, announced)
                : through(step, Effect.Kind.CONTAIN, look, announced);
        if (reached.stopped()) {
            return reached.outcome();
        }
        boolean found = reached.look() == look && row.isPresent();
        if (found) {
            fact(step, "containment.found", look.detail());
        }
        return settled(step, target, reached.look(), found && row.get().state() != State.BEGUN);
    }

    /** Nothing is to be changed, and still the guardrails judge: the node will count as contained for this incident. */
    private Reached judged(Step step, Look look, Runnable announced) {
        return perform(
                step,
                step.effect(Effect.Kind.CONTAIN, List.of()),
                announced,
                new Look.Left(look.detail(), JsonNodeFactory.instance.objectNode(), List.of(), permit -> look));
    }

    private Reached through(Step step, Effect.Kind kind, Look first, Runnable announced) {
        Look look = first;
        for (int round = 0; look instanceof Look.Left left; round++) {
            if (round == ROUNDS) {
                throw new IllegalStateException("the objects of the rung "
                        + step.rung().rung().code() + " changed " + ROUNDS + " times under it; last: " + left.detail());
            }
            Reached reached = perform(step, step.effect(kind, left.changes()), round == 0 ? announced : () -> {}, left);
            if (reached.stopped()) {
                return reached;
            }
            look = reached.look();
        }
        return Reached.at(look);
    }

    private Reached perform(Step step, Effect effect, Runnable announced, Look.Left left) {
        EffectResult<Look> result =
                gate.perform(effect, announced, permit -> left.act().make(permit));
        if (result instanceof EffectResult.Done<Look> done) {
            return Reached.at(done.value());
        }
        if (result instanceof EffectResult.DryRun<Look> dryRun) {
            return Reached.stopped(left, new RungOutcome.DryRun(dryRun.reason()));
        }
        EffectResult.NotAllowed<Look> refused = (EffectResult.NotAllowed<Look>) result;
        return Reached.stopped(left, new RungOutcome.Refused(refused.rule(), refused.reason(), refused.overridable()));
    }

    private RungOutcome settled(Step step, Target target, Look look, boolean found) {
        if (look instanceof Look.Pending pending) {
            transaction.executeWithoutResult(status ->
                    journal.note(target.incident(), target.uid(), step.rung().rung(), pending.detail()));
            return new RungOutcome.Underway(pending.detail(), pending.next());
        }
        State state = look instanceof Look.Complete
                ? State.APPLIED
                : look instanceof Look.Partial ? State.INCOMPLETE : State.ALREADY;
        transaction.executeWithoutResult(status -> journal.settle(
                target.incident(), target.uid(), step.rung().rung(), state, state != State.ALREADY, look.detail()));
        return switch (state) {
            case INCOMPLETE -> new RungOutcome.Incomplete(look.detail());
            case APPLIED -> found ? new RungOutcome.Already(look.detail()) : new RungOutcome.Applied(look.detail());
            default -> new RungOutcome.Already(look.detail());
        };
    }

    RungOutcome release(Actor actor, IncidentId incident, NodeName name, Rung rung) {
        Step step = new Step(actor, incident, name, rungs.get(rung));
        RungOutcome outcome = locked(step, () -> release(step));
        logged(step, "release", outcome);
        return outcome;
    }

    private RungOutcome release(Step step) {
        Optional<Row> open = open(step, journal.rows(step.incident(), step.name()));
        if (open.isEmpty()) {
            return new RungOutcome.Already("nothing of ours: this rung is not applied for this incident");
        }
        Row row = open.get();
        if (!row.owned()) {
            return kept(step, row, "it was so before this incident, and stays: " + row.detail());
        }
        Target target = new Target(step.incident(), step.name(), row.uid(), row.begunAt(), row.priorState());
        Optional<Row> heir = journal.heir(row);
        Look look = heir.map(next -> step.rung().toHandOver(target, next.incident()))
                .orElseGet(() -> step.rung().toUndo(target));
        Runnable announced = heir.<Runnable>map(next -> () -> journal.inherit(next, row.priorState()))
                .orElse(() -> {});
        Reached reached = through(step, Effect.Kind.RELEASE, look, announced);
        if (reached.stopped()) {
            return reached.outcome();
        }
        if (!(reached.look() instanceof Look.Complete)) {
            return kept(step, row, reached.look().detail());
        }
        transaction.executeWithoutResult(
                status -> requireReleased(step, row, reached.look().detail()));
        return new RungOutcome.Applied(reached.look().detail());
    }

    /** Nothing of ours, or no more of ours, is there to be undone. */
    private RungOutcome kept(Step step, Row row, String reason) {
        transaction.executeWithoutResult(status -> {
            requireReleased(step, row, reason);
            fact(step, "containment.kept", reason);
        });
        return new RungOutcome.Already(reason);
    }

    private void requireReleased(Step step, Row row, String detail) {
        if (!journal.release(row, detail)) {
            throw new IllegalStateException(
                    "another incident handed the rung " + row.rung().code() + " over meanwhile");
        }
        if (journal.rows(step.incident(), step.name()).stream().noneMatch(Row::open)) {
            contained.free(step.incident(), step.name());
        }
    }

    private RungOutcome gone(Step step) {
        transaction.executeWithoutResult(status -> {
            journal.rows(step.incident(), step.name()).stream()
                    .filter(Row::open)
                    .forEach(row -> journal.settle(
                            row.incident(), row.uid(), row.rung(), State.GONE, row.owned(), "the node object is gone"));
            contained.free(step.incident(), step.name());
            fact(step, "containment.node-gone", "no such node, or a new one of that name");
        });
        return new RungOutcome.NodeGone("the cluster has no node " + step.name()
                + " any more, or a new one of that name, which is another node");
    }

    private void fact(Step step, String action, String reason) {
        audit.record(AuditEvent.fact(step.actor(), action, step.rung().rung().code(), reason)
                .on(step.incident(), step.name()));
    }

    private static void logged(Step step, String what, RungOutcome outcome) {
        log.info(
                "{} {}: {} incident={} node={}",
                what,
                step.rung().rung().code(),
                outcome.code(),
                step.incident(),
                step.name());
    }

    private static Optional<Row> open(Step step, List<Row> rows) {
        return rows.stream()
                .filter(row -> row.rung() == step.rung().rung() && row.open())
                .findFirst();
    }

    private static Announcement announcement(Step step, Target target, Look look) {
        return new Announcement(
                target.incident(),
                target.node(),
                target.uid(),
                step.rung().rung(),
                !(look instanceof Look.Foreign),
                Marks.labelValue(target.incident()),
                look instanceof Look.Left left ? left.prior().toString() : "{}",
                look.detail());
    }

    private static String uid(Node node) {
        return node.getMetadata().getUid();
    }
}
