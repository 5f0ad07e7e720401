package dev.drawbridge.access;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** Tells the operator at start which property to mend, instead of a stack trace. */
class UnusableCredentialsFailureAnalyzer extends AbstractFailureAnalyzer<UnusableCredentialsException> {
    @Override
    protected FailureAnalysis analyze(Throwable rootFailure, UnusableCredentialsException cause) {
        return new FailureAnalysis(
                cause.getMessage(),
                "Set the property, for example from a file or an environment variable. A password hash is made with"
                        + " `htpasswd -nbBC 12 \"\" 'the password' | cut -d: -f2`, written with {bcrypt} in front.",
                cause);
    }
}
