package dev.drawbridge.evidence;

import dev.drawbridge.shared.Digest;
import java.time.Instant;

/**
 * One captured artefact.
 *
 * @param origin where it was: a path on the node, or what it is ({@code scan of /etc/kubernetes})
 * @param description owner, mode, times, as found
 */
public record EvidenceItem(String origin, Digest sha256, long size, Instant capturedAt, String description) {}
