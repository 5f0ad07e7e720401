package dev.drawbridge.verification;

import dev.drawbridge.shared.AlertId;
import dev.drawbridge.verification.VerificationReport.Check;
import java.time.Instant;
import java.util.List;
import java.util.function.Supplier;

/**
 * Alerts of the incident about changes since the restore: what they are about happened to a node that was in order already,
 * whatever its files say now.
 *
 * @param since of the restore; what happened until then is answered by it
 * @param ids asked once, after every look at node and cluster: a look takes time, and alerts come meanwhile. What it throws ends the
 *     verification without a report
 */
public record LaterAlerts(Instant since, Supplier<List<AlertId>> ids) {
    static final String NAME = "No alert since the restore";

    Check check(Instant now) {
        String expected = "no alert about a change after " + since;
        String proof = "alerts of the incident at " + now + ", without those that Drawbridge's own writes raised";
        List<String> later = ids.get().stream().map(AlertId::value).toList();
        return later.isEmpty()
                ? CheckText.passed(NAME, expected, "none", proof)
                : CheckText.failed(NAME, expected, CheckText.list(later), proof);
    }
}
