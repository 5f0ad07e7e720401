package dev.drawbridge.alert;

import java.time.Duration;
import java.util.Optional;

/**
 * Asked before an alert is taken in. Whoever knows the backlog of work that alerts cause implements it as a bean; without
 * any, every request is admitted. An answer is needed at once and from memory.
 */
public interface IntakeAdmission {
    /** Why nothing can be taken in now; empty to admit. */
    Optional<Overload> overload();

    /** Told of a request that is admitted; closed once, when it is answered. */
    default Admitted admitted() {
        return () -> {};
    }

    /** A request that is being worked on. */
    interface Admitted extends AutoCloseable {
        @Override
        void close();
    }

    /** @param retryAfter when the detector should try again, at least a second */
    record Overload(String reason, Duration retryAfter) {}
}
