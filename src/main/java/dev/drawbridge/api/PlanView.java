package dev.drawbridge.api;

import dev.drawbridge.recovery.RestorePlan;
import dev.drawbridge.shared.Digest;
import io.swagger.v3.oas.annotations.media.Schema;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** What will be, or was, done to which file, in this order. */
@Schema(name = "Plan")
record PlanView(
        @Schema(description = "what an approval binds to") String hash,
        Instant madeAt,
        @Schema(description = "Git commit of the baseline") String baselineCommit,
        String baselineRef,

        @Schema(description = "fingerprint of the key that signed the baseline")
        String baselineSigner,

        boolean needsApproval,
        List<Step> steps) {

    @Schema(name = "PlanStep")
    record Step(
            @Schema(description = "place in the plan, from 1")
            int order,

            @Schema(description = "path on the node; bytes that are no printable UTF-8 as \\xNN")
            String path,

            @Schema(example = "modified") String drift,
            @Schema(example = "static-pod-manifest") String fileClass,
            @Schema(example = "restore") String action,
            @Nullable String sha256Before,
            @Nullable String sha256After,
            String why,

            @Schema(description = "what will happen when it is done")
            String effect) {

        static Step of(int order, RestorePlan.Step step) {
            return new Step(
                    order,
                    step.path().toString(),
                    step.drift().code(),
                    step.fileClass().code(),
                    step.action().code(),
                    Optional.ofNullable(step.before()).map(Digest::hex).orElse(null),
                    Optional.ofNullable(step.after()).map(Digest::hex).orElse(null),
                    step.why(),
                    step.effect());
        }
    }

    static PlanView of(RestorePlan plan) {
        List<RestorePlan.Step> steps = plan.steps();
        return new PlanView(
                plan.hash().hex(),
                plan.madeAt(),
                plan.revision().commit(),
                plan.revision().ref(),
                plan.revision().signer(),
                plan.needsApproval(),
                IntStream.range(0, steps.size())
                        .mapToObj(i -> Step.of(i + 1, steps.get(i)))
                        .toList());
    }
}
