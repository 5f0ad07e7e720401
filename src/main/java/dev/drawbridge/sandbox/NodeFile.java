package dev.drawbridge.sandbox;

import java.nio.charset.StandardCharsets;

/**
 * A file of a node before it is written.
 *
 * @param path relative to the node's root, for example {@code etc/kubernetes/admin.conf}
 * @param mode permission bits
 */
record NodeFile(String path, int mode, byte[] content) {
    static NodeFile of(String path, int mode, String text) {
        return new NodeFile(path, mode, text.getBytes(StandardCharsets.UTF_8));
    }

    /** What the baseline knows and Drawbridge watches. */
    boolean watched() {
        return path.startsWith("etc/kubernetes/");
    }
}
