package dev.drawbridge.recovery;

import dev.drawbridge.shared.NodePath;
import java.util.List;
import java.util.Map;

/**
 * A plan with the comparison of its files, as it was when their evidence was kept.
 *
 * @param comparisons by path; without a step's path while it was not compared
 */
public record ComparedPlan(RestorePlan plan, Map<NodePath, FileComparison> comparisons) {
    public ComparedPlan {
        comparisons = Map.copyOf(comparisons);
    }

    /** @param order place in the plan, from 1 */
    public record Step(int order, RestorePlan.Step step, FileComparison comparison) {}

    /** In the order in which they are carried out. */
    public List<Step> steps() {
        List<RestorePlan.Step> steps = plan.steps();
        return java.util.stream.IntStream.range(0, steps.size())
                .mapToObj(i -> new Step(
                        i + 1,
                        steps.get(i),
                        comparisons.getOrDefault(steps.get(i).path(), FileComparison.notYet())))
                .toList();
    }
}
