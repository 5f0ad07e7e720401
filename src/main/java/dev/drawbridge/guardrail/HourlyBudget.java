package dev.drawbridge.guardrail;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import org.springframework.core.annotation.Order;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/**
 * Bounds how many nodes are taken out of service in an hour, released again or not: a loop that contains, releases and contains
 * stays below every limit on what is contained at once.
 */
@Component
@Order(3)
class HourlyBudget implements Guardrail {
    private static final Duration HOUR = Duration.ofHours(1);

    private final GuardrailProperties properties;
    private final ContainedNodes contained;
    private final JdbcClient jdbc;
    private final Clock clock;

    HourlyBudget(GuardrailProperties properties, ContainedNodes contained, JdbcClient jdbc, Clock clock) {
        this.properties = properties;
        this.contained = contained;
        this.jdbc = jdbc;
        this.clock = clock;
    }

    @Override
    public String rule() {
        return "hourly-budget";
    }

    @Override
    public Verdict judge(Effect effect) {
        if (effect.kind() != Effect.Kind.CONTAIN || contained.reserved(effect.incident(), effect.node())) {
            return new Verdict.Allowed("the response began before");
        }
        // the lock of the blast radius: two instances cannot both spend the last of the budget
        contained.othersLocked(effect.node());
        long spent = spent();
        return spent < properties.hourlyBudget()
                ? new Verdict.Allowed(spent + " containments in the last hour")
                : new Verdict.Refused(
                        rule(),
                        spent + " containments were begun in the last hour, the limit is " + properties.hourlyBudget());
    }

    @Override
    public void reserve(Effect effect) {
        if (effect.kind() != Effect.Kind.CONTAIN) {
            return;
        }
        long known = jdbc.sql("select count(*) from guardrail_begun where incident_id = :incident and node = :node")
                .param("incident", effect.incident().value())
                .param("node", effect.node().value())
                .query(Long.class)
                .single();
        if (known == 0) {
            jdbc.sql("insert into guardrail_begun (incident_id, node, begun_at) values (:incident, :node, :at)")
                    .param("incident", effect.incident().value())
                    .param("node", effect.node().value())
                    .param("at", utc(now()))
                    .update();
        }
    }

    /** Containments that were begun in the last hour. */
    long spent() {
        return jdbc.sql("select count(*) from guardrail_begun where begun_at > :from")
                .param("from", utc(now().minus(HOUR)))
                .query(Long.class)
                .single();
    }

    private Instant now() {
        return clock.instant().truncatedTo(ChronoUnit.MICROS);
    }

    private static OffsetDateTime utc(Instant at) {
        return OffsetDateTime.ofInstant(at, ZoneOffset.UTC);
    }
}
