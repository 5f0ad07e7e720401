package dev.drawbridge.node.shell;

import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/** Keeps the first bytes and drops the rest: an error stream is as long as the node wants. */
public final class FirstBytes extends OutputStream {
    private final ByteArrayOutputStream kept = new ByteArrayOutputStream();
    private final int limit;

    public FirstBytes(int limit) {
        this.limit = limit;
    }

    @Override
    public synchronized void write(int b) {
        if (kept.size() < limit) {
            kept.write(b);
        }
    }

    @Override
    public synchronized void write(byte[] bytes, int from, int length) {
        kept.write(bytes, from, Math.min(length, limit - kept.size()));
    }

    synchronized byte[] bytes() {
        return kept.toByteArray();
    }

    public synchronized String text() {
        return kept.toString(StandardCharsets.UTF_8);
    }
}
