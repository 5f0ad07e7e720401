package dev.drawbridge.api;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import dev.drawbridge.recovery.ComparedPlan;
import dev.drawbridge.recovery.FileComparison;
import io.swagger.v3.oas.annotations.media.Schema;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A plan with what a person has to read before agreeing to it. Every line of it may be an attacker's text. */
@Schema(name = "ComparedPlan")
record ComparedPlanView(
        @JsonUnwrapped PlanView plan,

        @Schema(description = "how each file differs from the baseline: one for each step, in the same order")
        List<Comparison> comparisons) {

    @Schema(name = "FileComparison")
    record Comparison(
            String path,
            Text text,

            @Schema(description = "what the change means; absent when kubelet runs nothing from the file") @Nullable
            Meaning meaning,

            @Schema(description = "differences of owner, group and mode, one sentence each")
            List<String> metadata) {
        static Comparison of(ComparedPlan.Step step) {
            FileComparison compared = step.comparison();
            return new Comparison(
                    step.step().path().toString(),
                    new Text(
                            compared.text().status().code(),
                            compared.text().note(),
                            compared.text().lines()),
                    Optional.ofNullable(compared.meaning())
                            .map(meaning -> new Meaning(
                                    meaning.status().code(), meaning.note(), meaning.changes(), meaning.warnings()))
                            .orElse(null),
                    compared.metadata());
        }
    }

    @Schema(name = "TextComparison")
    record Text(
            @Schema(
                    allowableValues = {"shown", "same", "not-shown", "not-available"},
                    description = "`not-shown` is what must not be displayed (keys, kubeconfigs) or cannot be;"
                            + " with `not-available` nobody knows whether the texts differ")
            String status,

            @Schema(description = "why it is not there, or what is left out")
            String note,

            @Schema(description = "unified diff from the node to the baseline")
            List<String> lines) {}

    @Schema(name = "MeaningOfChange")
    record Meaning(
            @Schema(
                    allowableValues = {"compared", "not-comparable", "not-available"},
                    description = "`not-comparable` is a manifest that cannot be read safely; kubelet may still run it")
            String status,

            String note,

            @Schema(description = "one sentence each") List<String> changes,

            @Schema(description = "changes and settings that open the cluster, one sentence each")
            List<String> warnings) {}

    static ComparedPlanView of(ComparedPlan compared) {
        return new ComparedPlanView(
                PlanView.of(compared.plan()),
                compared.steps().stream().map(Comparison::of).toList());
    }
}
