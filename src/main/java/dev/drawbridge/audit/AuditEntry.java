package dev.drawbridge.audit;

import dev.drawbridge.shared.Digest;
import java.time.Instant;

/**
 * One link of the chain.
 *
 * @param seq position, from 1 without gaps
 * @param at when it was written, to the microsecond
 * @param previous hash of the entry before, 64 zeros for the first
 * @param hash SHA-256 over {@code previous} and every other field, see {@link AuditChain}
 */
public record AuditEntry(long seq, Instant at, AuditEvent event, Digest previous, Digest hash) {}
