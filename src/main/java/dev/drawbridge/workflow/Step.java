package dev.drawbridge.workflow;

import dev.drawbridge.incident.Incident;
import dev.drawbridge.playbook.Playbook;
import dev.drawbridge.recovery.RecoveryPolicy;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.verification.VerificationPolicy;

/** What every step needs to know: whose incident, under which playbook, in whose name. */
record Step(Incident incident, Playbook playbook) {
    IncidentId id() {
        return incident.id();
    }

    /** @throws IllegalStateException when the incident has no node: the model must not lead here */
    NodeName node() {
        if (incident.node() == null) {
            throw new IllegalStateException("the incident " + incident.id() + " has no node");
        }
        return incident.node();
    }

    Actor actor() {
        return Actor.playbook(playbook.name());
    }

    RecoveryPolicy recoveryPolicy() {
        return new RecoveryPolicy(playbook.watched(), playbook.files());
    }

    VerificationPolicy verificationPolicy() {
        Playbook.VerificationPolicy wanted = playbook.verification();
        return new VerificationPolicy(
                playbook.watched(),
                wanted.nodeReady(),
                wanted.apiServer(),
                wanted.staticPods(),
                wanted.staticPods() && wanted.kubelet(),
                wanted.staticPods() && wanted.processes());
    }
}
