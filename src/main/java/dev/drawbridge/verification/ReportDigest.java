package dev.drawbridge.verification;

import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.verification.VerificationReport.Check;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.List;

/**
 * The canonical form of a report, as netstrings: incident, node, round, time, then for each check in order name, expected,
 * found, status, proof. Two reports never share it: who approves one has not approved another.
 */
final class ReportDigest {
    private ReportDigest() {}

    static Digest of(IncidentId incident, NodeName node, int round, Instant at, List<Check> checks) {
        MessageDigest digest = Digest.sha256();
        field(digest, incident.value());
        field(digest, node.value());
        field(digest, Integer.toString(round));
        field(digest, at.toString());
        for (Check check : checks) {
            field(digest, check.name());
            field(digest, check.expected());
            field(digest, check.found());
            field(digest, check.status().name());
            field(digest, check.proof());
        }
        return Digest.of(digest);
    }

    private static void field(MessageDigest digest, String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        digest.update((utf8.length + ":").getBytes(StandardCharsets.US_ASCII));
        digest.update(utf8);
        digest.update((byte) ',');
    }
}
