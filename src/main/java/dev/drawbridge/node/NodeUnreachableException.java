package dev.drawbridge.node;

/** No connection to the node, or it broke in the middle: what had been asked may or may not have happened. */
public class NodeUnreachableException extends NodeAccessException {
    private static final long serialVersionUID = 1L;

    public NodeUnreachableException(String message, Throwable cause) {
        super(message, cause);
    }
}
