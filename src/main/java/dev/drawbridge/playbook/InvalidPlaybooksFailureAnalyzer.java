package dev.drawbridge.playbook;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** Shows the author of a playbook the lines to mend, instead of a stack trace. */
class InvalidPlaybooksFailureAnalyzer extends AbstractFailureAnalyzer<InvalidPlaybooksException> {
    @Override
    protected FailureAnalysis analyze(Throwable rootFailure, InvalidPlaybooksException cause) {
        return new FailureAnalysis(
                cause.getMessage(),
                "Mend the lines named above. The format is described by playbooks/schema/playbook.v1.schema.json.",
                cause);
    }
}
