package dev.drawbridge.api;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import dev.drawbridge.alert.StoredAlert;
import dev.drawbridge.shared.IncidentId;
import io.swagger.v3.oas.annotations.media.Schema;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** An alert with what became of it. */
@Schema(name = "KeptAlert")
record KeptAlert(
        @JsonUnwrapped AlertView alert,

        @Schema(allowableValues = {"opened", "joined", "duplicate", "excluded", "unmatched", "stale", "rejected"})
        String disposition,

        @Nullable String reason,
        @Nullable String incidentId) {

    static KeptAlert of(StoredAlert stored) {
        return new KeptAlert(
                AlertView.of(stored.alert()),
                stored.disposition().code(),
                stored.reason(),
                Optional.ofNullable(stored.incident()).map(IncidentId::value).orElse(null));
    }
}
