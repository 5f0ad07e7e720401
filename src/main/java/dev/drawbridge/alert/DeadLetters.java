package dev.drawbridge.alert;

import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.Digest;
import io.micrometer.core.instrument.MeterRegistry;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.dao.DuplicateKeyException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** Keeps what could not be decoded, a bounded number of it, and counts repetitions instead of keeping them. */
@Component
class DeadLetters {
    private final JdbcClient jdbc;
    private final AlertProperties limits;
    private final Clock clock;
    private final MeterRegistry meters;

    DeadLetters(JdbcClient jdbc, AlertProperties limits, Clock clock, MeterRegistry meters) {
        this.jdbc = jdbc;
        this.limits = limits;
        this.clock = clock;
        this.meters = meters;
    }

    /**
     * Keeps it durably before it returns.
     *
     * @return its id, for the answer to the detector
     */
    long keep(String source, Actor actor, String reason, byte[] content) {
        meters.counter("drawbridge.alerts.dead.letters", "source", source).increment();
        Digest digest = Digest.ofBytes(content);
        if (!countAgain(digest)) {
            try {
                insert(source, actor, reason, content, digest);
            } catch (DuplicateKeyException cameAtThisMoment) {
                countAgain(digest);
            }
        }
        long id = jdbc.sql("select id from dead_letter where digest = :digest")
                .param("digest", digest.hex())
                .query(Long.class)
                .single();
        jdbc.sql("delete from dead_letter where id <= :oldest")
                .param("oldest", id - limits.maxDeadLetters())
                .update();
        return id;
    }

    private boolean countAgain(Digest digest) {
        return jdbc.sql("update dead_letter set times = times + 1, last_at = :now where digest = :digest")
                        .param("now", now())
                        .param("digest", digest.hex())
                        .update()
                > 0;
    }

    private void insert(String source, Actor actor, String reason, byte[] content, Digest digest) {
        byte[] kept = content.length <= limits.maxKept() ? content : Arrays.copyOf(content, limits.maxKept());
        String text = text(kept);
        jdbc.sql("""
                        insert into dead_letter (digest, source, actor, first_at, last_at, times, reason, size, encoding, content)
                        values (:digest, :source, :actor, :now, :now, 1, :reason, :size, :encoding, :content)""")
                .param("digest", digest.hex())
                .param("source", source)
                .param("actor", actor.display())
                .param("now", now())
                .param("reason", UntrustedText.clean(reason, 1000))
                .param("size", content.length)
                .param("encoding", text == null ? "base64" : "text")
                .param("content", text == null ? Base64.getEncoder().encodeToString(kept) : text)
                .update();
    }

    /** The content as text where that loses nothing that a database can keep. */
    private static @Nullable String text(byte[] content) {
        try {
            String text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(content))
                    .toString();
            return UntrustedText.storable(text) ? text : null;
        } catch (CharacterCodingException binary) {
            return null;
        }
    }

    long count() {
        return jdbc.sql("select count(*) from dead_letter").query(Long.class).single();
    }

    List<DeadLetter> page(@Nullable Long before, int limit) {
        return jdbc.sql("select * from dead_letter where id < :before order by id desc fetch first :limit rows only")
                .param("before", before == null ? Long.MAX_VALUE : before)
                .param("limit", limit)
                .query((row, n) -> letter(row))
                .list();
    }

    private static DeadLetter letter(ResultSet row) throws SQLException {
        return new DeadLetter(
                row.getLong("id"),
                row.getString("source"),
                row.getString("actor"),
                Digest.of(row.getString("digest")),
                row.getObject("first_at", OffsetDateTime.class).toInstant(),
                row.getObject("last_at", OffsetDateTime.class).toInstant(),
                row.getInt("times"),
                row.getString("reason"),
                row.getLong("size"),
                row.getString("encoding"),
                row.getString("content"));
    }

    private OffsetDateTime now() {
        Instant now = clock.instant().truncatedTo(ChronoUnit.MICROS);
        return Alerts.utc(now);
    }
}
