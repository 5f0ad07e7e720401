package dev.drawbridge.alert;

import dev.drawbridge.audit.AuditEvent;
import dev.drawbridge.audit.AuditTrail;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.AlertId;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.NodePath;
import io.micrometer.core.instrument.MeterRegistry;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.ConcurrencyFailureException;
import org.springframework.dao.DataAccessResourceFailureException;
import org.springframework.dao.DuplicateKeyException;
import org.springframework.stereotype.Component;
import org.springframework.transaction.CannotCreateTransactionException;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

/** Takes alerts in, each in a transaction of its own together with everything it causes. */
@Component
class AlertIntake {
    private static final Logger log = LoggerFactory.getLogger(AlertIntake.class);
    /** Two alerts that meet need one more run; more only when many meet one after the other. */
    private static final int RUNS = 20;

    private final AlertReader reader;
    private final Alerts alerts;
    private final DeadLetters deadLetters;
    private final Freshness freshness;
    private final AlertHandler handler;
    private final AuditTrail audit;
    private final TransactionTemplate transaction;
    private final Clock clock;
    private final MeterRegistry meters;
    /**
     * Few at once, in the order of their arrival: sixteen that share the processors all end as late as the last of sixteen that take turns.
     */
    private final Semaphore turns = new Semaphore(Runtime.getRuntime().availableProcessors(), true);

    AlertIntake(
            AlertReader reader,
            Alerts alerts,
            DeadLetters deadLetters,
            Freshness freshness,
            AlertHandler handler,
            AuditTrail audit,
            PlatformTransactionManager transactions,
            Clock clock,
            MeterRegistry meters) {
        this.reader = reader;
        this.alerts = alerts;
        this.deadLetters = deadLetters;
        this.freshness = freshness;
        this.handler = handler;
        this.audit = audit;
        this.transaction = new TransactionTemplate(transactions);
        this.clock = clock;
        this.meters = meters;
    }

    /** What became of one alert of a request. */
    record Answer(
            AlertId alert,
            Disposition disposition,
            @Nullable IncidentId incident,
            @Nullable String reason) {}

    /** What became of a request. */
    sealed interface Result {
        /** Everything in it is durable. */
        record Taken(List<Answer> answers) implements Result {}

        /** Some of it could not be made durable: the detector must send the request again. */
        record Incomplete() implements Result {}

        /** @param deadLetter where the body is kept */
        record NotDecodable(String reason, long deadLetter) implements Result {}
    }

    /** @throws RuntimeException when nothing can be kept at all now */
    Result take(Actor actor, AlertDecoder decoder, byte[] body) {
        List<DecodedAlert> decoded;
        try {
            decoded = reader.read(body, decoder, clock.instant().truncatedTo(ChronoUnit.MICROS));
        } catch (Undecodable reason) {
            long letter = deadLetters.keep(decoder.source(), actor, String.valueOf(reason.getMessage()), body);
            log.warn("alert not decodable source={} deadLetter={}: {}", decoder.source(), letter, reason.getMessage());
            return new Result.NotDecodable(String.valueOf(reason.getMessage()), letter);
        }
        List<Answer> answers = new ArrayList<>();
        boolean complete = true;
        for (DecodedAlert one : decoded) {
            try {
                Answer answer = one instanceof DecodedAlert.Good good
                        ? takeGood(actor, good)
                        : keepBad(actor, decoder, (DecodedAlert.Bad) one);
                count(decoder.source(), answer.disposition());
                answers.add(answer);
            } catch (CannotCreateTransactionException | DataAccessResourceFailureException noDatabase) {
                throw noDatabase; // the others would only wait for the same
            } catch (RuntimeException thisOne) {
                // the others must not suffer; the request fails in the end, so that the detector sends this one again
                log.error("alert failed alert={} source={}", one.id(), decoder.source(), thisOne);
                deadLetters.keep(
                        decoder.source(),
                        actor,
                        "a fault while it was taken in",
                        one.raw().getBytes(StandardCharsets.UTF_8));
                complete = false;
            }
        }
        return complete ? new Result.Taken(answers) : new Result.Incomplete();
    }

    /** One alert that nobody had to decode; the same way in, from the idempotency key to the audit entry. */
    Answer takeOwn(Actor actor, Alert alert, String raw) {
        Answer answer = takeGood(actor, new DecodedAlert.Good(alert, raw));
        count(alert.source(), answer.disposition());
        return answer;
    }

    private void count(String source, Disposition disposition) {
        meters.counter("drawbridge.alerts", "source", source, "disposition", disposition.code())
                .increment();
    }

    private Answer keepBad(Actor actor, AlertDecoder decoder, DecodedAlert.Bad bad) {
        long letter = deadLetters.keep(
                decoder.source(), actor, bad.reason(), bad.raw().getBytes(StandardCharsets.UTF_8));
        log.warn("alert not decodable source={} deadLetter={}: {}", decoder.source(), letter, bad.reason());
        return new Answer(bad.id(), Disposition.REJECTED, null, bad.reason());
    }

    /**
     * Whoever loses a race for the alert's or the incident's key runs the whole transaction once more, and then sees what the
     * winner wrote: half a transaction could not be trusted, and PostgreSQL would not go on with it.
     */
    private Answer takeGood(Actor actor, DecodedAlert.Good good) {
        for (int run = 1; ; run++) {
            try {
                Answer answer = inTurn(actor, good);
                log.info(
                        "alert {} alert={} source={} incident={} host={}",
                        answer.disposition().code(),
                        answer.alert(),
                        good.alert().source(),
                        answer.incident() == null ? "-" : answer.incident(),
                        NodeName.tryParse(good.alert().host())
                                .map(NodeName::value)
                                .orElse("-"));
                return answer;
            } catch (DuplicateKeyException | ConcurrencyFailureException lostARace) {
                if (run == RUNS) {
                    throw lostARace;
                }
            }
        }
    }

    private Answer inTurn(Actor actor, DecodedAlert.Good good) {
        turns.acquireUninterruptibly();
        try {
            return transaction.execute(status -> once(actor, good));
        } finally {
            turns.release();
        }
    }

    private Answer once(Actor actor, DecodedAlert.Good good) {
        Alert alert = good.alert();
        Optional<StoredAlert> before = alerts.find(alert.id());
        if (before.isPresent()) {
            return new Answer(
                    alert.id(),
                    Disposition.DUPLICATE,
                    before.get().incident(),
                    "it came before and was " + before.get().disposition().code());
        }
        AtomicReference<AlertHandler.Handled> kept = new AtomicReference<>();
        Consumer<AlertHandler.Handled> keep = handled -> {
            alerts.insert(alert, good.raw(), handled);
            kept.set(handled);
        };
        freshness
                .staleness(alert, clock.instant())
                .map(reason -> new AlertHandler.Handled(Disposition.STALE, null, reason))
                .ifPresentOrElse(keep, () -> handler.handle(alert, keep));
        AlertHandler.Handled handled = Objects.requireNonNull(kept.get(), "the handler kept nothing");
        audit.record(AuditEvent.fact(
                        actor,
                        "alert.take",
                        alert.id().value(),
                        handled.disposition().code() + (handled.reason() == null ? "" : ": " + handled.reason()))
                .on(handled.incident(), null)
                .with("source", alert.source())
                .with("rule", alert.ruleId())
                .with("host", alert.host())
                .with("path", alert.normalisedPath().map(NodePath::toString).orElse(""))
                .with("eventTime", alert.eventTime().toString()));
        return new Answer(alert.id(), handled.disposition(), handled.incident(), handled.reason());
    }
}
