package dev.drawbridge.shared;

/** The step took as long as it may; what it did stays, and its next attempt goes on from there. */
public class TimeLimitException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    TimeLimitException() {
        super("the step took as long as its lock allows; its next attempt goes on where this one stopped");
    }
}
