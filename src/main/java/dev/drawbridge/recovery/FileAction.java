package dev.drawbridge.recovery;

/** What is done about one drifted file. */
public enum FileAction {
    /** Write the baseline's content, owner and mode. */
    RESTORE,
    /** Set owner and mode only: the content is right, and rewriting it would restart what reads it. */
    RESTORE_METADATA,
    /** Move away, keep. */
    QUARANTINE,
    /** Nothing automatic is safe; a person's task says what to do. */
    TASK;

    public String code() {
        return name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
    }
}
