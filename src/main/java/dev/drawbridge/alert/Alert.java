package dev.drawbridge.alert;

import dev.drawbridge.shared.AlertId;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.NodePath;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One decoded alert. A claim, not a truth: every text in it was written by somebody else and is bounded, and nothing in it
 * is used as a path, a name or a command without its own check.
 *
 * @param source {@code elastic} or {@code falco}; {@code sweep} for what Drawbridge itself found
 * @param eventTime when the file event happened, not when the alert was made
 * @param ruleId stable id of the rule (Elastic: {@code kibana.alert.rule.rule_id}), or its name (Falco)
 * @param host name of the host as the detector knows it
 * @param agentVerified Elastic: {@code event.agent_id_status} is {@code verified}; true for sources without such a field
 * @param manualRun from a manual or backfill run of the rule
 * @param action {@code creation}, {@code rename}, ...; empty when not given
 * @param path the path exactly as claimed, and so not fit to be shown: {@link #shownPath()} is
 */
public record Alert(
        AlertId id,
        String source,
        Instant receivedAt,
        Instant eventTime,
        String ruleId,
        String ruleName,
        String severity,
        String host,
        List<String> hostAddresses,
        @Nullable String hostId,
        @Nullable String agentId,
        boolean agentVerified,
        boolean manualRun,
        String action,
        String path,
        @Nullable String originalPath,
        @Nullable Digest fileDigest,
        ProcessFacts process,
        UserFacts user) {
    public Alert {
        hostAddresses = List.copyOf(hostAddresses);
    }

    /** The claimed path after normalisation; empty when it is none. */
    public Optional<NodePath> normalisedPath() {
        return NodePath.normalise(path);
    }

    /**
     * The path for people: normalised and escaped where it is one, else what was claimed without characters that are not seen.
     */
    public String shownPath() {
        return normalisedPath().map(NodePath::toString).orElseGet(() -> UntrustedText.clean(path, NodePath.MAX_BYTES));
    }

    /** What is known of the process that did it; every field may be null. {@code ancestry} holds entity ids, parent first. */
    public record ProcessFacts(
            @Nullable String name,
            @Nullable String executable,
            @Nullable Long pid,
            @Nullable String entityId,
            @Nullable String commandLine,
            List<String> ancestry) {
        public ProcessFacts {
            ancestry = List.copyOf(ancestry);
        }
    }

    /** Effective and real user; they differ after sudo or su. */
    public record UserFacts(
            @Nullable String id,
            @Nullable String name,
            @Nullable String realId,
            @Nullable String realName) {}
}
