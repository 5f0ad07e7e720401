package dev.drawbridge.alert;

/** Input that is no alert. The message is for the detector's owner and never repeats what was sent. */
class Undecodable extends Exception {
    private static final long serialVersionUID = 1L;

    Undecodable(String message) {
        super(message);
    }
}
