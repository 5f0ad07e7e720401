package dev.drawbridge.alert;

import dev.drawbridge.shared.Digest;
import java.time.Instant;

/**
 * Something that was posted as an alert and could not be decoded.
 *
 * @param digest of all that was sent
 * @param times how often the same content came
 * @param reason what is wrong with it
 * @param size bytes that were sent
 * @param encoding {@code text} or {@code base64}
 * @param content what was sent, cut to size; untrusted
 */
public record DeadLetter(
        long id,
        String source,
        String actor,
        Digest digest,
        Instant firstAt,
        Instant lastAt,
        int times,
        String reason,
        long size,
        String encoding,
        String content) {}
