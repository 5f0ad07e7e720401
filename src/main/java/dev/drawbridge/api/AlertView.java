package dev.drawbridge.api;

import dev.drawbridge.alert.Alert;
import dev.drawbridge.shared.Digest;
import io.swagger.v3.oas.annotations.media.Schema;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** An alert as a detector claimed it. Every text in it is untrusted. */
@Schema(name = "Alert")
record AlertView(
        String id,
        @Schema(example = "elastic") String source,
        String ruleId,
        String ruleName,
        String severity,
        String host,
        String action,
        String path,

        @Schema(description = "digest that the detector reported") @Nullable
        String fileSha256,

        @Schema(description = "when the file event happened")
        Instant eventTime,

        Instant receivedAt,
        @Nullable Long processId,
        @Nullable String processName,
        @Nullable String processExecutable,
        @Nullable String processCommandLine,
        @Nullable String user,

        @Schema(description = "the user before sudo or su") @Nullable
        String realUser) {

    static AlertView of(Alert alert) {
        return new AlertView(
                alert.id().value(),
                alert.source(),
                alert.ruleId(),
                alert.ruleName(),
                alert.severity(),
                alert.host(),
                alert.action(),
                alert.shownPath(),
                Optional.ofNullable(alert.fileDigest()).map(Digest::hex).orElse(null),
                alert.eventTime(),
                alert.receivedAt(),
                alert.process().pid(),
                alert.process().name(),
                alert.process().executable(),
                alert.process().commandLine(),
                alert.user().name() != null ? alert.user().name() : alert.user().id(),
                alert.user().realName() != null
                        ? alert.user().realName()
                        : alert.user().realId());
    }
}
