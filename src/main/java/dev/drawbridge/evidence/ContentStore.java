package dev.drawbridge.evidence;

import dev.drawbridge.shared.Digest;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Optional;

/**
 * Where captured content lies: by its SHA-256, each content once, whole or not at all. A directory is one; whatever can put, get and
 * delete objects by name (S3 and its like) can be another, because nothing here needs a listing, a rename or a lock.
 */
interface ContentStore {
    /** Writes content as it comes; false when there turned out to be none. */
    interface Source {
        boolean writeTo(OutputStream out) throws IOException;
    }

    /** What a store wrote, by its own reckoning and not by the source's word. */
    record Kept(Digest sha256, long size) {}

    /** Contents that become durable together, because each by itself waits for the disk. For one thread. */
    interface Batch extends AutoCloseable {
        /**
         * Takes content as it comes; the store does not have it before it is settled.
         *
         * @return what will be kept; empty when the source had none
         * @throws java.io.UncheckedIOException when it could not be written
         */
        Optional<Kept> add(Source source);

        /**
         * All that was added since the last time is kept durably when this returns; what was there under its digest is replaced by the same.
         *
         * @throws java.io.UncheckedIOException when not all could be kept: nothing of it counts as kept then
         */
        void settle();

        /** What was not settled is gone. */
        @Override
        void close();
    }

    /** The caller closes it. */
    Batch begin();

    /**
     * Keeps one content durably; what was there under its digest is replaced by the same.
     *
     * @return empty when the source had none
     * @throws java.io.UncheckedIOException when it could not be kept
     */
    default Optional<Kept> keep(Source source) {
        try (Batch batch = begin()) {
            Optional<Kept> kept = batch.add(source);
            batch.settle();
            return kept;
        }
    }

    /** True when content is there under this digest; says nothing about whether it is still that content. */
    boolean has(Digest content);

    /** The caller closes it. Empty when there is nothing under this digest. */
    Optional<InputStream> open(Digest content);

    /** Nothing happens when there is nothing. */
    void remove(Digest content);
}
