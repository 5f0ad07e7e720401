package dev.drawbridge.evidence;

import java.time.Instant;

/** What the database has as the newest receipt of an incident. */
public sealed interface ReceiptLookup {
    record Held(EvidenceReceipt receipt) implements ReceiptLookup {}

    /**
     * It is not what was written: somebody changed it, or a disk did. It proves nothing, and nothing is changed on a node because of it.
     *
     * @param manifest digest that the row names, which the audit entry of the capture names as well, when that is what it was
     * @param capturedAt when the row says that the receipt was given
     */
    record Damaged(String manifest, Instant capturedAt) implements ReceiptLookup {}

    /** Nothing was captured yet. */
    record None() implements ReceiptLookup {}
}
