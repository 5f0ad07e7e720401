package dev.drawbridge.sandbox;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** Prints why the sandbox cannot start and what to do, instead of a stack trace. */
class SandboxFailureAnalyzer extends AbstractFailureAnalyzer<SandboxUnavailableException> {
    @Override
    protected FailureAnalysis analyze(Throwable rootFailure, SandboxUnavailableException cause) {
        return new FailureAnalysis(cause.getMessage(), cause.action(), cause);
    }
}
