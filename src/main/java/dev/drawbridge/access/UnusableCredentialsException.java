package dev.drawbridge.access;

/** Users or tokens are configured in a way that must not go into service. The message names properties, never their values. */
class UnusableCredentialsException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    UnusableCredentialsException(String message) {
        super(message);
    }
}
