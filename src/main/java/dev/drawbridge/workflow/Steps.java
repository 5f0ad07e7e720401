package dev.drawbridge.workflow;

import dev.drawbridge.incident.Incident;
import dev.drawbridge.incident.Incidents;
import dev.drawbridge.playbook.PlaybookCatalogue;
import dev.drawbridge.shared.IncidentId;
import org.camunda.bpm.engine.delegate.DelegateExecution;
import org.springframework.stereotype.Component;

/** Turns the engine's words into ours. Whose step it is stands in the business key; everything else in our own tables. */
@Component
class Steps {
    private static final int LONGEST_PROBLEM = 2000;

    private final Incidents incidents;
    private final PlaybookCatalogue catalogue;

    Steps(Incidents incidents, PlaybookCatalogue catalogue) {
        this.incidents = incidents;
        this.catalogue = catalogue;
    }

    Step of(DelegateExecution execution) {
        return of(IncidentId.of(execution.getProcessBusinessKey()));
    }

    Step of(IncidentId id) {
        Incident incident = incidents
                .find(id)
                .orElseThrow(() -> new IllegalStateException("no incident " + id + " for a workflow"));
        return new Step(incident, catalogue.get(incident.playbook(), incident.playbookVersion()));
    }

    /** Says why a person will be asked, where that person's task finds it: also in the workflow that called this one. */
    static void problem(DelegateExecution execution, String problem) {
        say(execution, problem, "");
    }

    /** Like {@link #problem}, and which effect it is about: that person may ask for an override of it. */
    static void refused(DelegateExecution execution, String problem, RefusedEffect refused) {
        say(execution, problem, refused.text());
    }

    private static void say(DelegateExecution execution, String problem, String refused) {
        String kept = problem.length() <= LONGEST_PROBLEM ? problem : problem.substring(0, LONGEST_PROBLEM);
        DelegateExecution process = execution.getProcessInstance();
        process.setVariable(Variables.PROBLEM, kept);
        process.setVariable(Variables.REFUSED, refused);
        DelegateExecution caller = process.getSuperExecution();
        if (caller != null) {
            caller.getProcessInstance().setVariable(Variables.PROBLEM, kept);
            caller.getProcessInstance().setVariable(Variables.REFUSED, refused);
        }
    }
}
