package dev.drawbridge.sandbox;

/** The sandbox cannot start, for a reason that the person at the keyboard can do something about. */
class SandboxUnavailableException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String action;

    /** @param action what to do about it */
    SandboxUnavailableException(String message, String action) {
        super(message);
        this.action = action;
    }

    String action() {
        return action;
    }
}
