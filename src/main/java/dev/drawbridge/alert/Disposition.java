package dev.drawbridge.alert;

/** What became of an alert. */
public enum Disposition {
    /** A new incident was opened for it. */
    OPENED,
    /** It belongs to an incident that is open already. */
    JOINED,
    /** The same alert came before. */
    DUPLICATE,
    /** An exclusion of the playbook applies; the drift check is done all the same. */
    EXCLUDED,
    /** No playbook answers this rule. */
    UNMATCHED,
    /** Too old, or from a manual backfill run: kept and shown, acted on only by a person. */
    STALE,
    /** Decoded, but it cannot be acted on: no path, a path outside the watched set, no host. */
    REJECTED;

    public String code() {
        return name().toLowerCase(java.util.Locale.ROOT);
    }
}
