package dev.drawbridge.node;

/** A node could be reached, but what was asked of it failed. The message never holds file content. */
public class NodeAccessException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public NodeAccessException(String message) {
        super(message);
    }

    public NodeAccessException(String message, Throwable cause) {
        super(message, cause);
    }
}
