package dev.drawbridge.baseline;

/** Whether there is something that may be restored from. */
public sealed interface BaselineResult {
    /** @param fromCache the remote could not be asked, this is what was last fetched and verified */
    record Trusted(Baseline baseline, boolean fromCache) implements BaselineResult {}

    /**
     * Not signed, not by an allowed key, a bad signature, older than what was accepted before, the wrong format: nothing may be restored.
     *
     * @param rule which requirement failed, for example {@code signature-missing}, {@code signer-not-allowed}, {@code rollback}
     */
    record Untrusted(String rule, String reason) implements BaselineResult {}

    /** There is none for this node, or no repository could be read at all. */
    record NotAvailable(String reason) implements BaselineResult {}
}
