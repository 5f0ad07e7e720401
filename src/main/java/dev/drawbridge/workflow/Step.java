package dev.drawbridge.workflow;

import dev.drawbridge.playbook.Playbook;
import dev.drawbridge.playbook.PlaybookCatalogue;
import dev.drawbridge.recovery.RecoveryPolicy;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.verification.VerificationPolicy;
import org.camunda.bpm.engine.delegate.DelegateExecution;
import org.springframework.stereotype.Component;

/** What every step needs to know: whose incident, which node, under which playbook, in whose name. */
record Step(IncidentId incident, NodeName node, Playbook playbook, Actor actor) {

    /** Turns the engine's words into ours. */
    @Component
    static class Reader {
        private final PlaybookCatalogue catalogue;

        Reader(PlaybookCatalogue catalogue) {
            this.catalogue = catalogue;
        }

        Step read(DelegateExecution execution) {
            Playbook playbook = catalogue.get(
                    (String) execution.getVariable("playbook"), (String) execution.getVariable("playbookVersion"));
            return new Step(
                    IncidentId.of(execution.getProcessBusinessKey()),
                    NodeName.of((String) execution.getVariable("node")),
                    playbook,
                    Actor.playbook(playbook.name()));
        }

        Playbook playbook(DelegateExecution execution) {
            return catalogue.get(
                    (String) execution.getVariable("playbook"), (String) execution.getVariable("playbookVersion"));
        }
    }

    RecoveryPolicy recoveryPolicy() {
        return new RecoveryPolicy(playbook.watched(), playbook.baseline().askFirst());
    }

    VerificationPolicy verificationPolicy() {
        Playbook.VerificationPolicy wanted = playbook.verification();
        return new VerificationPolicy(playbook.watched(), wanted.nodeReady(), wanted.apiServer(), wanted.staticPods());
    }
}
