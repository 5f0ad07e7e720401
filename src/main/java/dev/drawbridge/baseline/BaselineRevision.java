package dev.drawbridge.baseline;

/**
 * A pinned Git commit.
 *
 * @param commit object id, 40 (SHA-1) or 64 hexadecimal digits
 * @param signer fingerprint of the allowed key that signed it
 * @param ref the tag or branch it was taken from
 */
public record BaselineRevision(String commit, String signer, String ref) {
    @Override
    public String toString() {
        return ref + "@" + commit.substring(0, 12);
    }
}
