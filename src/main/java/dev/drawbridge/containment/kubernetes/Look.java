package dev.drawbridge.containment.kubernetes;

import com.fasterxml.jackson.databind.JsonNode;
import dev.drawbridge.guardrail.Permit;
import java.time.Duration;
import java.util.List;

/** What a rung found in the cluster, and what follows from it. */
sealed interface Look {
    /** For people. */
    String detail();

    /** It is as it should be. */
    record Complete(String detail) implements Look {}

    /** Not all of it is as it should be, and nothing more can be done about it. */
    record Partial(String detail) implements Look {}

    /** It is as it should be, or in the way of it, and not ours: never overwritten, never undone. */
    record Foreign(String detail) implements Look {}

    /** Nothing is to be done now; a later look shows more. */
    record Pending(String detail, Duration next) implements Look {}

    /**
     * Something is to be done.
     *
     * @param prior what an undo goes back to
     * @param act makes the changes, and looks again
     */
    record Left(String detail, JsonNode prior, List<Change> changes, Act act) implements Look {
        public Left {
            changes = List.copyOf(changes);
        }
    }

    /** Makes the changes of one look. */
    @FunctionalInterface
    interface Act {
        Look make(Permit permit);
    }
}
