package dev.drawbridge.incident;

import dev.drawbridge.alert.Alert;
import dev.drawbridge.node.OwnWrites;
import dev.drawbridge.node.OwnWrites.OwnWrite;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.NodePath;
import java.time.Duration;
import java.time.ZoneOffset;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/**
 * Tells the alerts that our own restore raises from all others. Whoever is root on the node can know when we write and where, so
 * everything that an alert says has to fit, something of it has to prove more than path and time, and each write explains one
 * alert of a rule. What fits is still looked at by the verification of its incident. See decision record 14.
 */
@Component
class OwnWriteCheck {
    /** How far a node's clock may be from ours; one that is further off gets its own writes reported as alerts. */
    private static final Duration CLOCKS = Duration.ofSeconds(5);
    /** We only ever rename into place; a detector that saw anything else saw somebody else. */
    private static final Set<String> RENAMES = Set.of("rename", "moved", "renameat", "renameat2");

    private static final Set<String> MOVERS =
            Set.of("/usr/bin/mv", "/bin/mv", "/usr/bin/busybox", "/bin/busybox", "/usr/bin/coreutils");
    private static final Set<String> MOVER_NAMES = Set.of("mv", "busybox", "coreutils");

    private final OwnWrites writes;
    private final JdbcClient jdbc;

    OwnWriteCheck(OwnWrites writes, JdbcClient jdbc) {
        this.writes = writes;
        this.jdbc = jdbc;
    }

    /** Our write that the alert is about; empty in any doubt. */
    Optional<OwnWrite> explaining(Alert alert, NodeName node) {
        Optional<NodePath> path = alert.normalisedPath();
        if (path.isEmpty() || !RENAMES.contains(alert.action().toLowerCase(Locale.ROOT)) || !byUs(alert)) {
            return Optional.empty();
        }
        return writes.around(node, path.get(), alert.eventTime(), CLOCKS).stream()
                .filter(write -> proven(alert, path.get(), write) && !explained(write, alert) && answered(write))
                .findFirst();
    }

    /** As far as the alert knows the process: root, and the one program that our script renames with. */
    private static boolean byUs(Alert alert) {
        String executable = alert.process().executable();
        String name = alert.process().name();
        String user = alert.user().id();
        return (executable == null || MOVERS.contains(executable))
                && (name == null || MOVER_NAMES.contains(name))
                && (user == null || user.equals("0"));
    }

    /** By the content, or by the place that it was renamed from; neither may be another. */
    private static boolean proven(Alert alert, NodePath path, OwnWrite write) {
        Digest digest = alert.fileDigest();
        String original = alert.originalPath();
        boolean from = original != null && staged(original, path, write.staging());
        return (digest != null || original != null)
                && (digest == null || digest.equals(write.content()))
                && (original == null || from);
    }

    /** Alone as {@code put.abc}, or together with others under its own name in {@code put.abc/}. */
    private static boolean staged(String original, NodePath path, NodePath staging) {
        return NodePath.normalise(original)
                .map(from -> from.name().equals(path.name()) ? from.parent() : from)
                .filter(place -> place.parent().equals(staging) && place.name().startsWith("put."))
                .isPresent();
    }

    /** A second one of the same rule is about a second rename. */
    private boolean explained(OwnWrite write, Alert alert) {
        return jdbc.sql(
                                "select count(*) from own_write_alert where own_write = :write and source = :source and rule = :rule")
                        .param("write", write.id())
                        .param("source", alert.source())
                        .param("rule", rule(alert))
                        .query(Long.class)
                        .single()
                > 0;
    }

    /** The incident's verification looked, or will look, at what lies there after the write. */
    private boolean answered(OwnWrite write) {
        return jdbc.sql("""
                        select count(*) from incident where id = :incident
                        and (open_key is not null or (state = 'CLOSED_RESOLVED' and verified_at >= :to))""")
                        .param("incident", write.incident().value())
                        .param("to", write.to().atOffset(ZoneOffset.UTC))
                        .query(Long.class)
                        .single()
                > 0;
    }

    /**
     * Uses the write up for the alert's rule; joins the caller's transaction.
     *
     * @throws org.springframework.dao.DuplicateKeyException when another alert did at this moment
     */
    void explain(OwnWrite write, Alert alert) {
        jdbc.sql(
                        "insert into own_write_alert (own_write, source, rule, alert_id) values (:write, :source, :rule, :alert)")
                .param("write", write.id())
                .param("source", alert.source())
                .param("rule", rule(alert))
                .param("alert", alert.id().value())
                .update();
    }

    private static String rule(Alert alert) {
        return Digest.ofText(alert.ruleId()).hex();
    }
}
