package dev.drawbridge.workflow;

import org.camunda.bpm.engine.delegate.DelegateExecution;

/** Bounds how often a restore begins anew because the node changed: whoever keeps changing it must not keep us busy for ever. */
final class Rounds {
    private Rounds() {}

    /** @return {@code lapsed} to begin anew, or {@code unsettled} when a person has to look */
    static String again(DelegateExecution execution, Step step, String problem) {
        int round = ((Number) execution.getVariable(Variables.ROUND)).intValue();
        int most = step.playbook().verification().attempts();
        if (round < most) {
            return "lapsed";
        }
        Steps.problem(execution, problem + " " + round + " rounds were tried.");
        return "unsettled";
    }
}
