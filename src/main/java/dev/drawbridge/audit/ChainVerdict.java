package dev.drawbridge.audit;

import dev.drawbridge.shared.Digest;

/** What recomputing the chain from its first entry showed. */
public sealed interface ChainVerdict {
    /** Every entry hashes to what it says, follows the one before, and the last one is the recorded head. */
    record Intact(long entries, Digest head) implements ChainVerdict {}

    /** @param seq the first entry that is not what was written; one past the last when entries are missing at the end */
    record Broken(long seq, String reason) implements ChainVerdict {}
}
