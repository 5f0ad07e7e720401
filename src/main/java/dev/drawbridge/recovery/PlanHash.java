package dev.drawbridge.recovery;

import dev.drawbridge.baseline.BaselineRevision;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.NodeName;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The canonical form of a plan, as netstrings: node, commit, then for each step in order path, drift, class, action,
 * digest before, digest after. Times, ids and explanations are not part of it: the same acts have the same hash.
 */
final class PlanHash {
    private PlanHash() {}

    static Digest of(NodeName node, BaselineRevision revision, List<RestorePlan.Step> steps) {
        MessageDigest digest = Digest.sha256();
        field(digest, node.value());
        field(digest, revision.commit());
        for (RestorePlan.Step step : steps) {
            field(digest, step.path().toString());
            field(digest, step.drift().code());
            field(digest, step.fileClass().code());
            field(digest, step.action().code());
            field(digest, hex(step.before()));
            field(digest, hex(step.after()));
        }
        return Digest.of(digest);
    }

    private static String hex(@Nullable Digest digest) {
        return digest == null ? "" : digest.hex();
    }

    private static void field(MessageDigest digest, String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        digest.update((utf8.length + ":").getBytes(StandardCharsets.US_ASCII));
        digest.update(utf8);
        digest.update((byte) ',');
    }
}
