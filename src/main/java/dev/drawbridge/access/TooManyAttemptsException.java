package dev.drawbridge.access;

import java.time.Duration;
import org.springframework.security.core.AuthenticationException;

/** Too many failed sign-ins; nothing was compared. */
class TooManyAttemptsException extends AuthenticationException {
    private static final long serialVersionUID = 1L;

    private final Duration wait;

    TooManyAttemptsException(Duration wait) {
        super("too many failed attempts");
        this.wait = wait;
    }

    /** Whole seconds, rounded up, as {@code Retry-After} wants them. */
    long seconds() {
        return wait.plusMillis(999).toSeconds();
    }
}
