package dev.drawbridge.shared;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** A SHA-256 digest in lower-case hexadecimal (FIPS 180-4). */
public record Digest(String hex) {
    public Digest {
        if (hex.length() != 64 || !hex.chars().allMatch(c -> c >= '0' && c <= '9' || c >= 'a' && c <= 'f')) {
            throw new IllegalArgumentException("not a SHA-256 digest");
        }
    }

    public static Digest of(String hex) {
        return new Digest(hex);
    }

    public static Digest ofBytes(byte[] content) {
        return finish(sha256(), content);
    }

    public static Digest ofText(String text) {
        return ofBytes(text.getBytes(StandardCharsets.UTF_8));
    }

    /** A new SHA-256 computation, for streams; end it with {@link #of(MessageDigest)}. */
    public static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException everyPlatformHasIt) {
            throw new IllegalStateException(everyPlatformHasIt);
        }
    }

    public static Digest of(MessageDigest finished) {
        return new Digest(HexFormat.of().formatHex(finished.digest()));
    }

    /** The first twelve digits: enough for a person to tell two apart, never enough to compare by machine. */
    public String abbreviated() {
        return hex.substring(0, 12);
    }

    private static Digest finish(MessageDigest digest, byte[] content) {
        digest.update(content);
        return of(digest);
    }

    @Override
    public String toString() {
        return hex;
    }
}
