package dev.drawbridge;

import java.util.stream.Collectors;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** The plain message that stands in the place of a stack trace when nothing, or not enough, is configured. */
class MissingSettingsFailureAnalyzer extends AbstractFailureAnalyzer<MissingSettingsException> {
    @Override
    protected FailureAnalysis analyze(Throwable rootFailure, MissingSettingsException cause) {
        String list = cause.missing().stream()
                .map(required -> "  - " + String.join(" or ", required.anyOf()) + "\n      " + required.meaning())
                .collect(Collectors.joining("\n"));
        return new FailureAnalysis(
                "Drawbridge is not configured completely. Missing:\n\n" + list,
                "Set these in application.yaml beside the jar, or as environment variables"
                        + " (DRAWBRIDGE_BASELINE_URL for drawbridge.baseline.url); the README has the table.\n"
                        + "To try Drawbridge without any of them, start the sandbox: java -jar drawbridge.jar --spring.profiles.active=sandbox",
                cause);
    }
}
