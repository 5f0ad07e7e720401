package dev.drawbridge.recovery;

import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.NodePath;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A regular file that a restore moved to quarantine.
 *
 * @param id its place on the node begins with it; 32 hexadecimal digits
 * @param path where it was
 * @param movedAt when we knew that it was moved, by our clock
 * @param returnedAt since when it is back; null while it is in quarantine, as far as we know
 */
public record QuarantinedFile(
        String id,
        IncidentId incident,
        NodeName node,
        NodePath path,
        Digest content,
        Instant movedAt,
        @Nullable Instant returnedAt) {}
