package dev.drawbridge.node.shell;

import dev.drawbridge.node.NodeAccessException;
import java.io.IOException;
import java.io.OutputStream;
import org.jspecify.annotations.Nullable;

/** Brings an exception of the reader, which runs on a client's own thread, to the caller; the rest of the output is dropped. */
public final class GuardedOutput extends OutputStream {
    private final OutputStream reader;
    private final Runnable refused;
    private volatile @Nullable Exception failure;

    /** @param refused told once when the reader takes no more */
    public GuardedOutput(OutputStream reader, Runnable refused) {
        this.reader = reader;
        this.refused = refused;
    }

    @Override
    public void write(int b) {
        write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int from, int length) {
        if (failure == null) {
            try {
                reader.write(bytes, from, length);
            } catch (IOException | RuntimeException malformed) {
                failure = malformed;
                refused.run();
            }
        }
    }

    /** @throws NodeAccessException when the reader took no more */
    public void rethrow() {
        Exception thrown = failure;
        if (thrown instanceof NodeAccessException access) {
            throw access;
        }
        if (thrown != null) {
            throw new NodeAccessException("the answer could not be kept", thrown);
        }
    }
}
