package dev.drawbridge.sweep;

import dev.drawbridge.alert.OwnFindings;
import dev.drawbridge.baseline.BaselineRevision;
import dev.drawbridge.shared.AlertId;
import dev.drawbridge.shared.Digest;
import java.util.Locale;

/** What the sweep of one node came to. Only the first says that the node is as it should be. */
sealed interface SweepOutcome {
    String code();

    /** For people. */
    String reason();

    record InSync(BaselineRevision revision) implements SweepOutcome {
        @Override
        public String code() {
            return "in-sync";
        }

        @Override
        public String reason() {
            return "in sync with " + revision;
        }
    }

    /**
     * An alert was raised.
     *
     * @param drift digest of everything that was found
     */
    record Drifted(int files, Digest drift, AlertId alert, OwnFindings.Taken taken) implements SweepOutcome {
        @Override
        public String code() {
            return "drift";
        }

        @Override
        public String reason() {
            return files + " files, alert " + alert + " "
                    + taken.disposition().name().toLowerCase(Locale.ROOT)
                    + (taken.incident() == null ? "" : ", incident " + taken.incident())
                    + (taken.reason() == null ? "" : ": " + taken.reason());
        }
    }

    /** The very drift of an earlier alert that was answered and left: no further alert. */
    record Known(int files, String why) implements SweepOutcome {
        @Override
        public String code() {
            return "known-drift";
        }

        @Override
        public String reason() {
            return files + " files, as before: " + why;
        }
    }

    /** Somebody is at work there. */
    record Skipped(String reason) implements SweepOutcome {
        @Override
        public String code() {
            return "skipped";
        }
    }

    /** Nobody could look, or there was nothing to compare with: nothing may be concluded. */
    record NotAvailable(String reason) implements SweepOutcome {
        @Override
        public String code() {
            return "not-available";
        }
    }
}
