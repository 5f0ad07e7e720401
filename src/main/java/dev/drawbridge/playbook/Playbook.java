package dev.drawbridge.playbook;

import dev.drawbridge.shared.FilePolicies;
import dev.drawbridge.shared.WatchedSet;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The response to one class of incident, as read from a YAML file of {@code apiVersion: drawbridge.dev/v1}.
 *
 * @param name unique in the catalogue
 * @param version as the author wrote it, plus the first digits of the file's digest: {@code 1.0.0+3f2a9c41d0e7}
 * @param workflow id of the BPMN process that is started
 * @param ladder rungs of containment, in order
 * @param watched what may be named, scanned and written
 * @param files what is done about files that are not as the baseline says
 */
public record Playbook(
        String name,
        String version,
        String title,
        Match match,
        List<Exclusion> exclusions,
        String workflow,
        List<RungStep> ladder,
        WatchedSet watched,
        FilePolicies files,
        VerificationPolicy verification,
        Approvals approvals,
        Deadlines deadlines,
        Triage triage,
        boolean dryRun) {

    /** The rungs of the ladder, in order. */
    public List<String> rungs() {
        return ladder.stream().map(RungStep::rung).toList();
    }

    /**
     * One rung.
     *
     * @param verify what has to be verified of it before the next one begins, as {@code containment.RungProof} names it
     */
    public record RungStep(String rung, String verify) {}

    /** @param rules by source: rule ids that this playbook answers */
    public record Match(Map<String, Set<String>> rules, List<String> paths) {}

    /**
     * Known good activity. Every given field must match; the process name alone is not a field, on purpose. It never skips the
     * drift check.
     */
    public record Exclusion(
            String reason,
            List<String> executables,
            List<String> users,
            List<String> sha256,
            List<String> paths,
            List<String> hosts,
            List<String> changeWindows) {}

    /**
     * What is verified.
     *
     * @param soak wait before the second verification
     * @param attempts restore rounds before a person is asked
     * @param kubelet whether kubelet itself is asked for static pods
     * @param processes whether the node's processes are compared with its pods
     */
    public record VerificationPolicy(
            Duration soak,
            int attempts,
            boolean nodeReady,
            boolean apiServer,
            boolean staticPods,
            boolean kubelet,
            boolean processes) {}

    /**
     * Groups that may decide.
     *
     * @param override whether one effect happens that guardrails refuse; never who asked for it
     * @param fourEyes whoever decided earlier on the incident may not approve the return to service
     */
    public record Approvals(
            List<String> containment,
            List<String> plan,
            List<String> returnToService,
            List<String> skip,
            List<String> override,
            boolean fourEyes) {}

    /**
     * How long people have. A deadline escalates; none of them ever releases a node.
     *
     * @param containOnDeadline a suspicious alert that nobody judged in time is contained
     */
    public record Deadlines(
            Duration containmentDecision,
            boolean containOnDeadline,
            Duration planApproval,
            Duration returnToService,
            Duration escalation,
            Duration followUp) {}

    /** @param trustedExecutables absolute paths of programs that may change watched files: name and place must both fit */
    public record Triage(Set<String> trustedExecutables) {}
}
