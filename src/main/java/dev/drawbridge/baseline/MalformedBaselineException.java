package dev.drawbridge.baseline;

/** The tree of a signed revision holds something that must never be written to a node. */
class MalformedBaselineException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    MalformedBaselineException(String message) {
        super(message);
    }
}
