package dev.drawbridge.incident;

/** Where an incident stands; the codes are part of the HTTP contract. */
public enum IncidentState {
    OPEN,
    CONTAINED,
    RESTORING,
    VERIFYING,
    AWAITING_APPROVAL,
    /** Needs a person; trying again will not help. */
    STALLED,
    CLOSED_RESOLVED,
    CLOSED_FALSE_POSITIVE;

    public boolean closed() {
        return this == CLOSED_RESOLVED || this == CLOSED_FALSE_POSITIVE;
    }

    /**
     * Closed is final, and a response that has begun never counts as not begun again, except that a stalled one goes back to
     * where it stood. All other ways exist: a failed verification restores again, a rejected return to service contains again.
     */
    public boolean canMoveTo(IncidentState next) {
        return !closed() && (next != OPEN || this == STALLED);
    }

    public String code() {
        return name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
    }

    public static IncidentState ofCode(String code) {
        return valueOf(code.toUpperCase(java.util.Locale.ROOT).replace('-', '_'));
    }
}
