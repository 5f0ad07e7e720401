package dev.drawbridge.node.shell;

import dev.drawbridge.node.FileType;
import dev.drawbridge.node.NodeAccessException;
import dev.drawbridge.node.ScannedFile;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.NodePath;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HexFormat;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Entries of a scan that are too many for the heap, in a temporary file. Its name is gone as soon as it is open, so nothing is left of it after a
 * crash. What a node says goes there, and so it is bounded.
 */
final class EntryFile implements AutoCloseable {
    private static final FileType[] TYPES = FileType.values();
    private static final int DIGEST_BYTES = 32;

    private final FileChannel channel;
    private final DataOutputStream out;
    private final int limit;
    private final ScanRoom room;
    private final AtomicLong taken = new AtomicLong();

    /**
     * @param limit bytes
     * @param room has them
     */
    EntryFile(long limit, ScanRoom room) {
        this.room = room;
        // the stream counts no further
        this.limit = (int) Math.min(limit, Integer.MAX_VALUE - 1);
        try {
            Path file = Files.createTempFile("drawbridge-scan", ".tmp");
            channel = FileChannel.open(
                    file, StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.DELETE_ON_CLOSE);
        } catch (IOException unwritable) {
            throw kept(unwritable);
        }
        out = new DataOutputStream(new BufferedOutputStream(Channels.newOutputStream(channel)));
    }

    private static NodeAccessException kept(IOException failed) {
        return new NodeAccessException("the scan could not be kept in the temporary directory", failed);
    }

    void add(ScannedFile file) {
        try {
            bytes(file.path().toBytes());
            out.writeByte(file.type().ordinal());
            out.writeShort(file.mode());
            out.writeLong(file.uid());
            out.writeLong(file.gid());
            out.writeLong(file.size());
            out.writeLong(file.modifiedAt());
            out.writeInt(file.links());
            bytes(
                    file.sha256() == null
                            ? new byte[0]
                            : HexFormat.of().parseHex(file.sha256().hex()));
            out.writeBoolean(file.linkTarget() != null);
            if (file.linkTarget() != null) {
                out.writeUTF(file.linkTarget());
            }
            bound();
        } catch (IOException unwritable) {
            throw kept(unwritable);
        }
    }

    void add(String text) {
        try {
            out.writeUTF(text);
        } catch (IOException unwritable) {
            throw kept(unwritable);
        }
    }

    private void bytes(byte[] bytes) throws IOException {
        out.writeShort(bytes.length);
        out.write(bytes);
    }

    private void bound() {
        if (out.size() > limit) {
            throw new NodeAccessException("the scan holds more than " + limit + " bytes");
        }
        long more = out.size() - taken.get();
        room.take(more);
        taken.addAndGet(more);
    }

    /** Where the next entry will begin. */
    long end() {
        try {
            out.flush();
            return channel.position();
        } catch (IOException unwritable) {
            throw kept(unwritable);
        }
    }

    /** @param buffer bytes that are read at once */
    Reader from(long position, int buffer) {
        return new Reader(new DataInputStream(new BufferedInputStream(new Part(position), buffer)));
    }

    /** Closing nothing: the file is closed as a whole. */
    record Reader(DataInputStream in) {
        ScannedFile file() {
            try {
                NodePath path = NodePath.ofBytes(in.readNBytes(in.readUnsignedShort()));
                FileType type = TYPES[in.readUnsignedByte()];
                int mode = in.readUnsignedShort();
                long uid = in.readLong();
                long gid = in.readLong();
                long size = in.readLong();
                long modified = in.readLong();
                int links = in.readInt();
                byte[] digest = in.readNBytes(in.readUnsignedShort());
                return new ScannedFile(
                        path,
                        type,
                        mode,
                        uid,
                        gid,
                        size,
                        modified,
                        links,
                        digest.length == DIGEST_BYTES ? Digest.of(HexFormat.of().formatHex(digest)) : null,
                        in.readBoolean() ? in.readUTF() : null);
            } catch (IOException unreadable) {
                throw kept(unreadable);
            }
        }

        String text() {
            try {
                return in.readUTF();
            } catch (IOException unreadable) {
                throw kept(unreadable);
            }
        }
    }

    private final class Part extends InputStream {
        private long position;

        Part(long position) {
            this.position = position;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] into, int from, int length) throws IOException {
            int read = channel.read(ByteBuffer.wrap(into, from, length), position);
            position += Math.max(read, 0);
            return read;
        }
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException failed) {
            throw kept(failed);
        }
        // closed as often as anybody likes
        room.giveBack(taken.getAndSet(0));
    }
}
