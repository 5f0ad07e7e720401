package dev.drawbridge.alert;

import dev.drawbridge.shared.AlertId;
import dev.drawbridge.shared.Digest;

/** What one element of a request turned out to be, with its own JSON text (ASCII, compact). */
sealed interface DecodedAlert {
    AlertId id();

    String raw();

    record Good(Alert alert, String raw) implements DecodedAlert {
        @Override
        public AlertId id() {
            return alert.id();
        }
    }

    /** @param id digest of the text: there is no other identity that could be trusted */
    record Bad(AlertId id, String reason, String raw) implements DecodedAlert {}

    /** A detector's own id, or the digest of it where it holds anything but the few characters that ids are made of. */
    static AlertId idOf(String claimed) {
        try {
            return AlertId.of(claimed);
        } catch (IllegalArgumentException otherCharacters) {
            return AlertId.of(Digest.ofText(claimed).hex());
        }
    }
}
