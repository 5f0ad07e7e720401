package dev.drawbridge.containment.kubernetes;

import dev.drawbridge.audit.AuditEvent;
import dev.drawbridge.audit.AuditTrail;
import dev.drawbridge.containment.Containment.AnnouncedRung;
import dev.drawbridge.containment.Rung;
import dev.drawbridge.containment.RungOutcome;
import dev.drawbridge.containment.kubernetes.ContainmentJournal.Announcement;
import dev.drawbridge.containment.kubernetes.ContainmentJournal.Row;
import dev.drawbridge.containment.kubernetes.ContainmentJournal.State;
import dev.drawbridge.containment.kubernetes.NodeRung.Hold;
import dev.drawbridge.guardrail.ContainedNodes;
import dev.drawbridge.guardrail.Effect;
import dev.drawbridge.guardrail.EffectGate;
import dev.drawbridge.guardrail.EffectResult;
import dev.drawbridge.guardrail.Permit;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * The rungs on Node objects. A patch is made from the node as the watch last showed it, and tests on the server what it rests on, so that
 * the usual case is one request; whatever changes nothing is only said of a node that was read for it.
 */
@Component
class NodeContainment {
    private static final Logger log = LoggerFactory.getLogger(NodeContainment.class);

    /** How often a patch is made anew because the node changed under it; the node controller alone costs one round after a cordon. */
    private static final int ROUNDS = 5;

    private final KubernetesNodeDirectory directory;
    private final NodeObjects nodes;
    private final AskedRights rights;
    private final EffectGate gate;
    private final ContainmentJournal journal;
    private final ContainedNodes contained;
    private final AuditTrail audit;
    private final TransactionTemplate transaction;

    NodeContainment(
            KubernetesNodeDirectory directory,
            NodeObjects nodes,
            AskedRights rights,
            EffectGate gate,
            ContainmentJournal journal,
            ContainedNodes contained,
            AuditTrail audit,
            PlatformTransactionManager transactions) {
        this.directory = directory;
        this.nodes = nodes;
        this.rights = rights;
        this.gate = gate;
        this.journal = journal;
        this.contained = contained;
        this.audit = audit;
        this.transaction = new TransactionTemplate(transactions);
    }

    /** One act before the gate: the same for every round. */
    private record Step(Actor actor, IncidentId incident, NodeName name, NodeRung rung, String mark) {
        static Step of(Actor actor, IncidentId incident, NodeName name, Rung rung) {
            NodeRung method = NodeRung.of(rung);
            return new Step(actor, incident, name, method, method.mark(incident));
        }

        Effect effect(Effect.Kind kind, JsonPatch request) {
            return new Effect(
                    actor, incident, name, kind, rung.rung().code(), request.request("/api/v1/nodes/" + name));
        }

        Hold hold(Node node) {
            return rung.hold(node, mark);
        }
    }

    /** What one round came to; what it is called in the audit trail is its {@code toString}. */
    private sealed interface Attempt {
        record Settled(RungOutcome outcome) implements Attempt {
            @Override
            public String toString() {
                return outcome.toString();
            }
        }

        /** Nothing was changed, because the node is not what it was taken for. */
        record Again(String reason) implements Attempt {
            @Override
            public String toString() {
                return reason;
            }
        }
    }

    RungOutcome apply(Actor actor, IncidentId incident, NodeName name, Rung rung) {
        Step step = Step.of(actor, incident, name, rung);
        RungOutcome outcome = rounds(step, round -> applyOnce(step, round, false));
        logged(step, "apply", outcome);
        return outcome;
    }

    /** For an incident that is being opened, on a node that nobody holds as far as the watch has seen; the patch tests on the server that this is so. */
    Optional<AnnouncedRung> announce(Actor actor, IncidentId incident, NodeName name, Rung rung) {
        Step step = Step.of(actor, incident, name, rung);
        return directory
                .cached(name)
                .filter(node -> step.hold(node) instanceof Hold.Nobody)
                .flatMap(node -> announced(step, node));
    }

    private Optional<AnnouncedRung> announced(Step step, Node node) {
        JsonPatch patch = step.rung().apply(node, step.mark());
        return gate.announce(
                        step.effect(Effect.Kind.CONTAIN, patch),
                        () -> journal.begin(announcement(step, node, true, ""), false))
                .map(announced -> new Ahead(step, node, patch, announced));
    }

    /** A rung whose verdict and announcement came with the alert. */
    private final class Ahead implements AnnouncedRung {
        private final Step step;
        private final Node node;
        private final JsonPatch patch;
        private final EffectGate.Announced announced;

        Ahead(Step step, Node node, JsonPatch patch, EffectGate.Announced announced) {
            this.step = step;
            this.node = node;
            this.patch = patch;
            this.announced = announced;
        }

        /** Outcome and state become durable together; where they do not, the step of the workflow finds an announcement whose end is not known. */
        @Override
        public Runnable apply() {
            Attempt came = announced.perform(
                    permit -> appliedBy(step, permit, patch),
                    () -> new Attempt.Again("not done: its turn came too late for its verdict"));
            return () -> {
                transaction.executeWithoutResult(status -> {
                    announced.record(came);
                    settleApplied(step, uid(node), came, State.APPLIED, true);
                });
                if (came instanceof Attempt.Settled settled) {
                    logged(step, "apply", settled.outcome());
                }
            };
        }

        @Override
        public void leave(String reason) {
            announced.record("not done: " + reason);
        }
    }

    private Attempt applyOnce(Step step, int round, boolean locked) {
        List<Row> rows = journal.rows(step.incident(), step.name());
        Optional<Row> ahead = open(step, rows);
        Optional<Node> read = read(
                step.name(),
                round,
                node -> !locked && ahead.isEmpty() && same(rows, node) && step.hold(node) instanceof Hold.Nobody);
        if (read.isEmpty() || !same(rows, read.get())) {
            return gone(step);
        }
        Node node = read.get();
        if (ahead.filter(row -> inPlace(step, row, node)).isPresent()) {
            return new Attempt.Settled(new RungOutcome.Already(ahead.get().detail()));
        }
        Hold hold = step.hold(node);
        if (hold instanceof Hold.Nobody) {
            return applyPatch(step, node, rows, round);
        }
        if (!locked) {
            // whoever holds it may be about to undo it: what we would rely on is looked at again when nobody can
            return locked(step, () -> applyOnce(step, round, true));
        }
        boolean ours = hold instanceof Hold.Ours;
        String detail = hold instanceof Hold.Others others ? others.detail() : "our own mark is on the node already";
        Optional<Row> begun = open(step, rows);
        if (begun.isEmpty()) {
            return holdAlready(step, node, rows, ours, detail);
        }
        return new Attempt.Settled(settleFound(step, node, begun, hold, detail, round));
    }

    /** An attempt of ours was announced, perhaps in an earlier run, and its end is not known: this is its end. */
    private RungOutcome settleFound(Step step, Node node, Optional<Row> begun, Hold hold, String detail, int round) {
        boolean ours = hold instanceof Hold.Ours;
        transaction.executeWithoutResult(status -> {
            if (!ours && begun.filter(row -> !row.owned()).isEmpty()) {
                // somebody came before us after all: what we announced to undo is not ours to undo
                journal.begin(announcement(step, node, false, detail), true);
            }
            journal.settle(
                    step.incident(), uid(node), step.rung().rung(), ours ? State.APPLIED : State.ALREADY, ours, detail);
            fact(step, "containment.found", detail);
        });
        // within this call it can only be our own patch, whose answer was lost
        return ours && round > 0 ? new RungOutcome.Applied(detail) : new RungOutcome.Already(detail);
    }

    private Attempt applyPatch(Step step, Node node, List<Row> rows, int round) {
        JsonPatch patch = step.rung().apply(node, step.mark());
        String uid = uid(node);
        Attempt attempt = through(
                step.effect(Effect.Kind.CONTAIN, patch),
                () -> journal.begin(announcement(step, node, true, ""), written(step, rows, node)),
                permit -> notSupportedOr(step, round, () -> appliedBy(step, permit, patch)));
        settleApplied(step, uid, attempt, State.APPLIED, true);
        return attempt;
    }

    private Attempt appliedBy(Step step, Permit permit, JsonPatch patch) {
        return patched(
                step,
                permit,
                patch,
                after -> step.hold(after) instanceof Hold.Ours,
                step.rung().applied(step.mark()));
    }

    /** It was applied and read back for this incident, and nobody undid it since. */
    private static boolean inPlace(Step step, Row row, Node node) {
        return row.state() == State.APPLIED
                && row.owned()
                && row.uid().equals(uid(node))
                && step.hold(node) instanceof Hold.Ours;
    }

    /**
     * A right that was taken away since we last asked. A refusal by an admission rule is a fault, as it was: the next node may be let pass. In
     * the first round the node may be what the watch showed some time ago, perhaps before a patch of ours whose answer was lost: it is read first.
     */
    private Attempt notSupportedOr(Step step, int round, Supplier<Attempt> patch) {
        try {
            return patch.get();
        } catch (KubernetesClientException refused) {
            if (refused.getCode() != NodeObjects.FORBIDDEN) {
                throw refused;
            }
            String missing = rights.missingNow(step.rung().rung()).orElseThrow(() -> refused);
            return round == 0 ? new Attempt.Again(missing) : new Attempt.Settled(new RungOutcome.NotSupported(missing));
        }
    }

    /** Nothing is to be changed, and still the guardrails judge: the node will count as contained for this incident. */
    private Attempt holdAlready(Step step, Node node, List<Row> rows, boolean ours, String detail) {
        String uid = uid(node);
        Attempt attempt = through(
                step.effect(Effect.Kind.CONTAIN, JsonPatch.none()),
                () -> journal.begin(announcement(step, node, ours, detail), written(step, rows, node)),
                permit -> new Attempt.Settled(new RungOutcome.Already(detail)));
        settleApplied(step, uid, attempt, ours ? State.APPLIED : State.ALREADY, ours);
        return attempt;
    }

    private void settleApplied(Step step, String uid, Attempt attempt, State state, boolean owned) {
        if (!(attempt instanceof Attempt.Settled settled)) {
            return;
        }
        if (settled.outcome() instanceof RungOutcome.Applied || settled.outcome() instanceof RungOutcome.Already) {
            transaction.executeWithoutResult(status ->
                    journal.settle(step.incident(), uid, step.rung().rung(), state, owned, detail(settled.outcome())));
        } else if (settled.outcome() instanceof RungOutcome.NodeGone) {
            settleGone(step);
        } else if (settled.outcome() instanceof RungOutcome.NotSupported refused) {
            // the server said no, and the node was read before: nothing of ours is on it
            transaction.executeWithoutResult(status -> open(step, journal.rows(step.incident(), step.name()))
                    .ifPresent(row -> settleReleased(step, row, "never done: " + refused.reason())));
        }
    }

    RungOutcome release(Actor actor, IncidentId incident, NodeName name, Rung rung) {
        Step step = Step.of(actor, incident, name, rung);
        RungOutcome outcome = locked(step, () -> rounds(step, round -> releaseOnce(step, round)));
        logged(step, "release", outcome);
        return outcome;
    }

    /** Within the step's own transaction where there is one: the lock ends with it, when everybody can read what was decided. */
    private <T> T locked(Step step, Supplier<T> decision) {
        return Objects.requireNonNull(transaction.execute(status -> {
            journal.lock(step.name());
            return decision.get();
        }));
    }

    private Attempt releaseOnce(Step step, int round) {
        List<Row> rows = journal.rows(step.incident(), step.name());
        Optional<Row> open = open(step, rows);
        if (open.isEmpty()) {
            return new Attempt.Settled(
                    new RungOutcome.Already("nothing of ours: this rung is not applied for this incident"));
        }
        Row row = open.get();
        if (!row.owned()) {
            return nothingOfOurs(step, row, "it was so before this incident, and stays: " + row.detail());
        }
        Optional<Node> read =
                read(step.name(), round, node -> same(rows, node) && step.hold(node) instanceof Hold.Ours);
        if (read.isEmpty() || !same(rows, read.get())) {
            return gone(step);
        }
        Node node = read.get();
        Hold hold = step.hold(node);
        if (hold instanceof Hold.Nobody) {
            return nothingOfOurs(step, row, "undone by somebody else, or never done");
        }
        if (hold instanceof Hold.Others others) {
            return nothingOfOurs(step, row, "not ours any more, and stays: " + others.detail());
        }
        Attempt attempt =
                journal.heir(row).map(heir -> handOver(step, node, row, heir)).orElseGet(() -> undo(step, node));
        if (attempt instanceof Attempt.Settled settled) {
            if (settled.outcome() instanceof RungOutcome.NodeGone) {
                settleGone(step);
            } else if (settled.outcome() instanceof RungOutcome.Applied applied) {
                transaction.executeWithoutResult(status -> settleReleased(step, row, applied.detail()));
            }
        }
        return attempt;
    }

    private Attempt undo(Step step, Node node) {
        JsonPatch patch = step.rung().undo(node, step.mark());
        return through(
                step.effect(Effect.Kind.RELEASE, patch),
                () -> {},
                permit -> patched(step, permit, patch, after -> step.hold(after) instanceof Hold.Nobody, "undone"));
    }

    /** Another incident contains the node too, and relies on what we did: it becomes the owner, and the node stays as it is. */
    private Attempt handOver(Step step, Node node, Row row, Row heir) {
        JsonPatch patch = step.rung().handOver(node, step.mark(), heir.mark());
        return through(
                step.effect(Effect.Kind.RELEASE, patch),
                () -> journal.inherit(heir, row.priorState()),
                permit -> patched(
                        step,
                        permit,
                        patch,
                        after -> step.rung().hold(after, heir.mark()) instanceof Hold.Ours,
                        "handed over to the incident " + heir.incident() + ", which contains the node too"));
    }

    private Attempt nothingOfOurs(Step step, Row row, String reason) {
        boolean settled = Boolean.TRUE.equals(transaction.execute(status -> {
            boolean released = settleReleased(step, row, reason);
            if (released) {
                fact(step, "containment.kept", reason);
            }
            return released;
        }));
        return settled
                ? new Attempt.Settled(new RungOutcome.Already(reason))
                : new Attempt.Again("another incident handed this rung over to us meanwhile");
    }

    /** Repeats what found the node changed. A fault of the API server is not repeated here: it is the step's to try again. */
    private static RungOutcome rounds(Step step, Function<Integer, Attempt> round) {
        String reason = "";
        for (int i = 0; i < ROUNDS; i++) {
            Attempt attempt = round.apply(i);
            if (attempt instanceof Attempt.Settled settled) {
                return settled.outcome();
            }
            reason = attempt.toString();
        }
        throw new IllegalStateException("the node " + step.name() + " changed " + ROUNDS + " times under the rung "
                + step.rung().rung().code() + "; last: " + reason);
    }

    /** The watch's node when it is good for a first attempt, which the server checks; else the server's. */
    private Optional<Node> read(NodeName name, int round, Predicate<Node> good) {
        Optional<Node> seen = round == 0 ? directory.cached(name).filter(good) : Optional.empty();
        return seen.isPresent() ? seen : nodes.read(name);
    }

    private Attempt through(Effect effect, Runnable announced, Function<Permit, Attempt> act) {
        EffectResult<Attempt> result = gate.perform(effect, announced, act);
        if (result instanceof EffectResult.Done<Attempt> done) {
            return done.value();
        }
        if (result instanceof EffectResult.DryRun<Attempt> dryRun) {
            return new Attempt.Settled(new RungOutcome.DryRun(dryRun.reason()));
        }
        EffectResult.NotAllowed<Attempt> refused = (EffectResult.NotAllowed<Attempt>) result;
        return new Attempt.Settled(new RungOutcome.Refused(refused.rule(), refused.reason(), refused.overridable()));
    }

    private Attempt patched(Step step, Permit permit, JsonPatch patch, Predicate<Node> done, String detail) {
        NodeObjects.Answer answer = nodes.patch(permit, step.name(), patch);
        if (answer instanceof NodeObjects.Answer.Conflict conflict) {
            return new Attempt.Again(conflict.reason());
        }
        if (answer instanceof NodeObjects.Answer.Gone) {
            return new Attempt.Settled(goneOutcome(step));
        }
        Node after = ((NodeObjects.Answer.Patched) answer).node();
        if (!done.test(after)) {
            throw new IllegalStateException("the API server accepted the patch, and the node does not show it");
        }
        return new Attempt.Settled(new RungOutcome.Applied(detail + "; read back at resource version "
                + after.getMetadata().getResourceVersion()));
    }

    private Attempt gone(Step step) {
        settleGone(step);
        return new Attempt.Settled(goneOutcome(step));
    }

    private static RungOutcome goneOutcome(Step step) {
        return new RungOutcome.NodeGone("the cluster has no node " + step.name()
                + " any more, or a new one of that name, which is another node");
    }

    /** All rungs at once: what was done to a node object ended with it. */
    private void settleGone(Step step) {
        transaction.executeWithoutResult(status -> {
            journal.rows(step.incident(), step.name()).stream()
                    .filter(Row::open)
                    .forEach(row -> journal.settle(
                            row.incident(), row.uid(), row.rung(), State.GONE, row.owned(), "the node object is gone"));
            contained.free(step.incident(), step.name());
            fact(step, "containment.node-gone", "no such node, or a new one of that name");
        });
    }

    /** @return false when the ownership is not what it was, and nothing was settled */
    private boolean settleReleased(Step step, Row row, String detail) {
        if (!journal.release(row, detail)) {
            return false;
        }
        if (journal.rows(step.incident(), step.name()).stream().noneMatch(Row::open)) {
            contained.free(step.incident(), step.name());
        }
        return true;
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

    /** An incident means the node object that it met first. */
    private static boolean same(List<Row> rows, Node node) {
        return rows.stream().allMatch(row -> row.uid().equals(uid(node)));
    }

    private static Optional<Row> open(Step step, List<Row> rows) {
        return rows.stream()
                .filter(row -> row.rung() == step.rung().rung() && row.open())
                .findFirst();
    }

    private static Announcement announcement(Step step, Node node, boolean owned, String detail) {
        return new Announcement(
                step.incident(),
                step.name(),
                uid(node),
                step.rung().rung(),
                owned,
                step.mark(),
                step.rung().prior(node).toString(),
                detail);
    }

    private static boolean written(Step step, List<Row> rows, Node node) {
        return rows.stream()
                .anyMatch(row ->
                        row.uid().equals(uid(node)) && row.rung() == step.rung().rung());
    }

    private static String uid(Node node) {
        return node.getMetadata().getUid();
    }

    private static String detail(RungOutcome outcome) {
        return outcome instanceof RungOutcome.Applied applied
                ? applied.detail()
                : outcome instanceof RungOutcome.Already already ? already.detail() : "";
    }
}
