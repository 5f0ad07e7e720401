package dev.drawbridge.node.shell;

import dev.drawbridge.node.FileType;
import dev.drawbridge.node.NodeAccessException;
import dev.drawbridge.node.ScannedFile;
import dev.drawbridge.node.ScannedFiles;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.NodePath;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads what {@code scan.sh} writes, as it comes. Everything in it may be forged by a compromised node: sizes and counts
 * are bounded, numbers are parsed strictly, and only paths below the scanned roots are accepted.
 */
final class ScanOutput extends OutputStream {
    private static final int MAX_FIELD = 1_100_000; // the passwd table; a path is 4095 bytes at most
    private static final int GNU_FIELDS = 11;
    private static final int AGAIN_FIELDS = 3;
    private static final int PORTABLE_FIELDS = 4;
    private static final int FIRST_BUFFER = 4_096;
    private static final int MAX_VERSION = 200;

    private enum Section {
        HEAD,
        PASSWD,
        GROUP,
        LINKED,
        CLOSED,
        GNU,
        AGAIN,
        PORTABLE,
        EMPTY,
        END
    }

    private final String prefix;
    private final List<NodePath> roots;
    private final int maxEntries;
    private byte[] field = new byte[FIRST_BUFFER];
    private int length;
    private final List<String> fields = new ArrayList<>(GNU_FIELDS);
    private final SortedFiles files;
    private final Listings listings;
    private int entries;
    private int entriesAgain;
    private final Map<String, Long> users = new HashMap<>();
    private final Map<String, Long> groups = new HashMap<>();
    private Section section = Section.HEAD;
    private boolean gnu;
    private boolean discarded;

    /**
     * @param prefix physical root prefix, empty for {@code /}
     * @param work directory of our own, which no scan sees: what lies in it in quarantine would be moved there again, for ever
     */
    ScanOutput(String prefix, List<NodePath> roots, NodePath work, int maxEntries, ScanRoom room) {
        this.prefix = prefix;
        this.roots = roots;
        this.maxEntries = maxEntries;
        this.files = new SortedFiles(work, room);
        this.listings = new Listings(room);
    }

    @Override
    public void write(int b) {
        write(new byte[] {(byte) b}, 0, 1);
    }

    /** By the thread of the connection, which may still write when who asked gives up: not while that one closes the files. */
    @Override
    public synchronized void write(byte[] bytes, int from, int count) {
        if (discarded) {
            throw new NodeAccessException("nobody reads the scan any more");
        }
        int begin = from;
        for (int i = from; i < from + count; i++) {
            if (bytes[i] == 0) {
                if (length == 0) {
                    accept(new String(bytes, begin, i - begin, StandardCharsets.ISO_8859_1));
                } else {
                    keep(bytes, begin, i);
                    accept(new String(field, 0, length, StandardCharsets.ISO_8859_1));
                    length = 0;
                }
                begin = i + 1;
            }
        }
        keep(bytes, begin, from + count);
    }

    private void keep(byte[] bytes, int from, int to) {
        if (to - from > MAX_FIELD - length) {
            throw new NodeAccessException("the scan holds a field that is too long");
        }
        if (to - from > field.length - length) {
            field = Arrays.copyOf(field, Math.max(2 * field.length, length + to - from));
        }
        System.arraycopy(bytes, from, field, length, to - from);
        length += to - from;
    }

    private void accept(String text) {
        switch (section) {
            case HEAD -> section = head(text);
            case PASSWD -> {
                table(text, users);
                section = Section.HEAD;
            }
            case GROUP -> {
                table(text, groups);
                section = Section.HEAD;
            }
            case LINKED -> blocked(text, FileType.SYMLINK);
            case CLOSED -> blocked(text, FileType.UNSTABLE);
            case EMPTY -> section = expect(text, "END", Section.END);
            case GNU -> gnu(text);
            case AGAIN -> record(text, "END", Section.END, AGAIN_FIELDS, this::listedAgain);
            case PORTABLE -> record(text, "END", Section.END, PORTABLE_FIELDS, this::portableEntry);
            case END -> throw new NodeAccessException("the scan goes on after its end");
        }
    }

    private Section head(String text) {
        return switch (text) {
            case "U" -> Section.PASSWD;
            case "W" -> Section.GROUP;
            case "L" -> Section.LINKED;
            case "X" -> Section.CLOSED;
            case "N" -> Section.EMPTY;
            case "P" -> Section.PORTABLE;
            case "G" -> {
                gnu = true;
                yield Section.GNU;
            }
            default -> throw new NodeAccessException("the scan does not begin as it should");
        };
    }

    /** A root that could not be entered is an entry itself: who compares must not take it for an empty one. */
    private void blocked(String raw, FileType type) {
        NodePath path = path(raw);
        if (path == null || !roots.contains(path)) {
            throw new NodeAccessException("the scan names a root that was not asked for");
        }
        files.add(new ScannedFile(path, type, 0, 0, 0, 0, 0, 1, null, null));
        section = Section.HEAD;
    }

    private static Section expect(String text, String marker, Section next) {
        if (!text.equals(marker)) {
            throw new NodeAccessException("the scan is malformed");
        }
        return next;
    }

    private void record(String text, String marker, Section next, int size, Runnable complete) {
        if (fields.isEmpty() && text.equals(marker)) {
            section = next;
            return;
        }
        fields.add(text);
        if (fields.size() == size) {
            complete.run();
            fields.clear();
        }
    }

    private void counted(int count) {
        if (count > maxEntries) {
            throw new NodeAccessException("the scan holds more than " + maxEntries + " entries");
        }
    }

    private void listing() {
        counted(++entries);
        NodePath path = path(fields.get(10));
        if (path != null) {
            listings.listed(fields.get(10), entry(path), version(fields.get(7), fields.get(6) + " " + fields.get(4)));
        }
    }

    private static Listings.Version version(String inode, String state) {
        if (inode.length() + state.length() > MAX_VERSION) {
            throw new NodeAccessException("the scan holds a malformed entry");
        }
        return new Listings.Version(inode, state);
    }

    private void listedAgain() {
        counted(++entriesAgain);
        listings.listedAgain(version(fields.get(0), fields.get(1)), fields.get(2), files);
    }

    /** Between two records of the listing, whose first field is a letter, come digests: {@code <64 digits>  <path>}, none for unreadable files. */
    private void gnu(String text) {
        if (fields.isEmpty() && text.equals("P")) {
            // what came so far is of a find that was not understood, or whose digests were not
            gnu = false;
            listings.close();
            entries = 0;
            section = Section.PORTABLE;
        } else if (fields.isEmpty() && text.length() > 1 && !text.equals("AGAIN")) {
            if (text.length() < 67) {
                throw new NodeAccessException("the scan holds a malformed digest");
            }
            listings.digested(text.substring(66), checked(text.substring(0, 64)));
        } else {
            record(text, "AGAIN", Section.AGAIN, GNU_FIELDS, this::listing);
            if (section == Section.AGAIN) {
                listings.turn();
            }
        }
    }

    private void portableEntry() {
        counted(++entries);
        String stat = fields.get(0);
        NodePath path = path(fields.get(3));
        if (path == null) {
            return;
        }
        if (stat.equals("gone") || stat.equals("changed")) {
            files.add(SortedFiles.unstable(path));
            return;
        }
        String[] parts = stat.split(" ");
        if (parts.length != 8) {
            throw new NodeAccessException("the scan holds a malformed entry");
        }
        long raw = number(parts[0], 16);
        files.add(new ScannedFile(
                path,
                type(raw),
                (int) (raw & 07777),
                number(parts[1], 10),
                number(parts[2], 10),
                number(parts[3], 10),
                number(parts[4], 10),
                (int) number(parts[7], 10),
                fields.get(1).isEmpty() ? null : checked(fields.get(1)),
                fields.get(2).isEmpty() ? null : link(fields.get(2))));
    }

    /**
     * The entries below the roots in the order of their paths, complete or not at all.
     *
     * @return closed by the caller
     */
    synchronized ScannedFiles files() {
        if (section != Section.END) {
            throw new NodeAccessException("the scan ended early");
        }
        if (gnu && listings.finish(this::path, files)) {
            roots.forEach(root -> files.add(SortedFiles.unstable(root)));
        }
        listings.close();
        return files;
    }

    /** For a scan of which nobody wants the entries any more: from now on nothing is written, and no file comes after those that are closed here. */
    synchronized void discard() {
        discarded = true;
        listings.close();
        files.close();
    }

    Map<String, Long> users() {
        return users;
    }

    Map<String, Long> groups() {
        return groups;
    }

    private ScannedFile entry(NodePath path) {
        FileType type = switch (fields.get(0)) {
            case "f" -> FileType.FILE;
            case "d" -> FileType.DIRECTORY;
            case "l" -> FileType.SYMLINK;
            case "p" -> FileType.FIFO;
            case "s" -> FileType.SOCKET;
            case "c" -> FileType.CHARACTER_DEVICE;
            case "b" -> FileType.BLOCK_DEVICE;
            default -> FileType.UNSTABLE;
        };
        String modified = fields.get(5);
        int dot = modified.indexOf('.') > 0 ? modified.indexOf('.') : modified.length();
        return new ScannedFile(
                path,
                type,
                (int) number(fields.get(1), 8),
                number(fields.get(2), 10),
                number(fields.get(3), 10),
                number(fields.get(4), 10),
                number(modified.substring(0, dot), 10),
                (int) number(fields.get(8), 10),
                null,
                type == FileType.SYMLINK ? link(fields.get(9)) : null);
    }

    private static FileType type(long raw) {
        return switch ((int) (raw >> 12)) {
            case 8 -> FileType.FILE;
            case 4 -> FileType.DIRECTORY;
            case 10 -> FileType.SYMLINK;
            case 1 -> FileType.FIFO;
            case 12 -> FileType.SOCKET;
            case 2 -> FileType.CHARACTER_DEVICE;
            case 6 -> FileType.BLOCK_DEVICE;
            default -> FileType.UNSTABLE;
        };
    }

    private @Nullable NodePath path(String raw) {
        if (!raw.startsWith(prefix + "/")) {
            throw new NodeAccessException("the scan names a path outside the node's root");
        }
        byte[] bytes = raw.substring(prefix.length()).getBytes(StandardCharsets.ISO_8859_1);
        NodePath path;
        try {
            path = NodePath.ofBytes(bytes);
        } catch (IllegalArgumentException forged) {
            throw new NodeAccessException("the scan names an impossible path", forged);
        }
        for (NodePath root : roots) {
            if (path.isWithin(root)) {
                return path;
            }
        }
        return null;
    }

    /** Untrusted bytes for people; whatever is not plain ASCII as {@code \xNN}. */
    static String link(String raw) {
        String target = raw.length() > NodePath.MAX_BYTES ? raw.substring(0, NodePath.MAX_BYTES) : raw;
        StringBuilder shown = new StringBuilder();
        for (char c : target.toCharArray()) {
            shown.append(c < 0x20 || c >= 0x7f || c == '\\' ? String.format("\\x%02x", (int) c) : String.valueOf(c));
        }
        return shown.toString();
    }

    private static Digest checked(String hex) {
        try {
            return Digest.of(hex);
        } catch (IllegalArgumentException forged) {
            throw new NodeAccessException("the scan holds a malformed digest", forged);
        }
    }

    private static long number(String text, int radix) {
        try {
            return Long.parseLong(text, radix);
        } catch (NumberFormatException forged) {
            throw new NodeAccessException("the scan holds a malformed number", forged);
        }
    }

    /** {@code name:password:id:...} lines of passwd(5) and group(5); others are left out. */
    private static void table(String text, Map<String, Long> into) {
        text.lines().limit(20_000).forEach(line -> {
            String[] parts = line.split(":", 4);
            if (parts.length >= 3 && parts[2].matches("\\d{1,10}") && parts[0].matches("[\\w.][\\w.$-]{0,63}")) {
                into.putIfAbsent(parts[0], Long.parseLong(parts[2]));
            }
        });
    }
}
