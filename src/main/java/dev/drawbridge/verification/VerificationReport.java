package dev.drawbridge.verification;

import dev.drawbridge.shared.Digest;
import java.time.Instant;
import java.util.List;

/**
 * A table of checks.
 *
 * @param round 1 right after the restore, 2 after the soak period, and so on
 * @param digest of its canonical form, for audit entries and approvals
 */
public record VerificationReport(int round, Instant at, List<Check> checks, Digest digest) {
    public VerificationReport {
        checks = List.copyOf(checks);
    }

    /** True only when no check is {@link Status#open}, and something passed: what is not available has not passed. */
    public boolean passed() {
        return checks.stream().noneMatch(check -> check.status().open())
                && checks.stream().anyMatch(check -> check.status() == Status.PASSED);
    }

    public enum Status {
        PASSED,
        FAILED,
        /** Could not be found out. Not a pass. */
        NOT_AVAILABLE,
        /** The way in which the node is reached does not lead there. Neither a pass nor a failure: the other checks decide. */
        OUT_OF_REACH;

        /** Whether it keeps a report from passing. */
        public boolean open() {
            return this == FAILED || this == NOT_AVAILABLE;
        }
    }

    /** @param proof where the finding comes from: a digest, a revision, an API answer */
    public record Check(String name, String expected, String found, Status status, String proof) {}
}
