package dev.drawbridge.node.shell;

import dev.drawbridge.guardrail.Effect;
import dev.drawbridge.guardrail.Permit;
import dev.drawbridge.node.Expected;
import dev.drawbridge.node.NodeAccessException;
import dev.drawbridge.node.NodeFiles;
import dev.drawbridge.node.NodeScan;
import dev.drawbridge.node.Quarantined;
import dev.drawbridge.node.ScannedFile;
import dev.drawbridge.node.ScannedFiles;
import dev.drawbridge.node.WriteBatch;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.NodePath;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/** Files of nodes by scripts. Every act is one command and one round trip: a constant script and octal arguments. */
@Component
class ShellNodeFiles implements NodeFiles {
    private static final int MAX_ANSWER = 8_192;
    /** What tar reads at once, in bytes: with less it waits for more, and not every way can tell it that there is none. */
    private static final int RECORD = 10_240;

    private static final int NOTHING_THERE = 44;
    private static final int LINK_ON_THE_WAY = 45;
    private static final int NOT_A_FILE = 46;

    /** Bounded: it comes from a node. */
    private static final Pattern HELD = Pattern.compile("(?<place>[0-9a-f]{32}\\+{0,64}) (?<mode>[0-7]{1,4})"
            + " (?<uid>[0-9]{1,10}) (?<gid>[0-9]{1,10}) (?<size>[0-9]{1,18}) (?<mtime>-?[0-9]{1,18})");

    private final NodeShells shells;
    private final NodeAccessProperties settings;
    private final Clock clock;
    private final ScanRoom room;
    private final Script scan = Script.load("scan");
    private final Script read = Script.load("read");
    private final Script readTogether = Script.load("read-together");
    private final Script write = Script.load("write");
    private final Script writeTogether = Script.load("write-together");
    private final Script quarantine = Script.load("quarantine");
    private final Script putBack = Script.load("putback");

    ShellNodeFiles(NodeShells shells, NodeAccessProperties settings, Clock clock) {
        this.shells = shells;
        this.settings = settings;
        this.clock = clock;
        this.room = new ScanRoom(settings.maxScanEntries());
    }

    @Override
    public NodeScan scan(NodeName node, List<NodePath> roots) {
        NodeShell shell = shells.of(node);
        NodePath prefix = shell.prefix(node);
        List<String> arguments = new ArrayList<>(List.of(Script.octal(prefix.toBytes())));
        roots.forEach(root -> arguments.add(Script.octal(root.toBytes())));
        String latin = new String(prefix.toBytes(), StandardCharsets.ISO_8859_1);
        ScanOutput output = new ScanOutput(
                latin.equals("/") ? "" : latin, roots, settings.workPath(), settings.maxScanEntries(), room);
        ScannedFiles complete = null;
        try {
            NodeShell.Ended ended = shell.run(node, NodeShell.Call.look(scan, arguments), output);
            if (ended.code() != 0) {
                throw failed("scan", node, ended);
            }
            Instant now = clock.instant().truncatedTo(ChronoUnit.MICROS);
            complete = output.files();
            return new NodeScan(node, now, roots, complete, output.users(), output.groups());
        } finally {
            if (complete == null) {
                output.discard();
            }
        }
    }

    @Override
    public Optional<Digest> read(NodeName node, NodePath path, OutputStream sink, long limit) {
        Hashing hashing = new Hashing(sink, limit);
        NodeShell shell = shells.of(node);
        List<String> arguments = new ArrayList<>(where(shell, node, path));
        arguments.add(Long.toString(limit + 1));
        NodeShell.Ended ended = shell.run(node, NodeShell.Call.look(read, arguments), hashing);
        if (ended.code() == NOTHING_THERE || ended.code() == NOT_A_FILE) {
            return Optional.empty();
        }
        if (ended.code() == LINK_ON_THE_WAY) {
            throw new NodeAccessException("a link on the way to " + path + " on node " + node);
        }
        if (hashing.overflowed()) {
            throw new NodeAccessException(path + " on node " + node + " is larger than " + limit + " bytes");
        }
        if (ended.code() != 0) {
            throw failed("read of " + path, node, ended);
        }
        return Optional.of(hashing.digest());
    }

    @Override
    public Map<NodePath, byte[]> readTogether(NodeName node, List<ScannedFile> files) {
        Map<NodePath, byte[]> contents = new HashMap<>();
        for (List<ScannedFile> some : ReadBatches.of(files)) {
            NodeShell shell = shells.of(node);
            byte[] names = some.stream()
                    .map(file -> file.path().name())
                    .collect(Collectors.joining(" "))
                    .getBytes(StandardCharsets.US_ASCII);
            long expected = some.stream().mapToLong(ScannedFile::size).sum();
            FirstBytes answer = new FirstBytes((int) expected);
            List<String> arguments = List.of(
                    Script.octal(shell.prefix(node).toBytes()),
                    Script.octal(some.get(0).path().parent().toBytes()),
                    Integer.toString(names.length),
                    Long.toString(expected));
            NodeShell.Ended ended = shell.run(
                    node,
                    new NodeShell.Call(
                            readTogether,
                            NodeShell.Use.LOOK,
                            arguments,
                            new NodeShell.Input(new ByteArrayInputStream(names), names.length)),
                    answer);
            if (ended.code() == 0) {
                contents.putAll(ReadBatches.split(some, answer.bytes()));
            } else if (ended.code() != NOTHING_THERE) {
                throw failed("read of " + some.size() + " files", node, ended);
            }
        }
        return contents;
    }

    @Override
    public boolean writeTogether(NodeName node, List<Permit> permits, WriteBatch batch) {
        List<FileWrite> writes = batch.writes();
        if (permits.size() != writes.size()) {
            throw new IllegalArgumentException(permits.size() + " permits for " + writes.size() + " files");
        }
        permits.forEach(permit -> permit.requireNode(node));
        NodeShell shell = shells.of(node);
        FileWrite first = writes.get(0);
        byte[] table = writes.stream()
                .map(file -> "%s %s %s"
                        .formatted(
                                file.path().name(),
                                word(file.expected()),
                                file.content().hex()))
                .collect(Collectors.joining(" "))
                .getBytes(StandardCharsets.US_ASCII);
        ByteArrayOutputStream input = new ByteArrayOutputStream();
        input.writeBytes(table);
        archive(batch, input);
        List<String> arguments = List.of(
                Script.octal(shell.prefix(node).toBytes()),
                Script.octal(first.path().parent().toBytes()),
                Integer.toOctalString(first.mode()),
                Long.toString(first.uid()),
                Long.toString(first.gid()),
                Script.octal(settings.workPath().toBytes()),
                Integer.toString(table.length),
                Integer.toString(input.size() - table.length));
        return outcome(
                        shell,
                        node,
                        "write of " + writes.size() + " files",
                        NodeShell.Call.change(
                                writeTogether,
                                arguments,
                                new NodeShell.Input(new ByteArrayInputStream(input.toByteArray()), input.size())),
                        first.path())
                instanceof WriteOutcome.Written;
    }

    private static void archive(WriteBatch batch, OutputStream to) {
        try (TarArchiveOutputStream tar = new TarArchiveOutputStream(to, RECORD)) {
            for (int i = 0; i < batch.writes().size(); i++) {
                TarArchiveEntry entry =
                        new TarArchiveEntry(batch.writes().get(i).path().name());
                entry.setSize(batch.writes().get(i).size());
                entry.setMode(0600);
                tar.putArchiveEntry(entry);
                tar.write(batch.contents().get(i));
                tar.closeArchiveEntry();
            }
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
    }

    @Override
    public WriteOutcome write(NodeName node, Permit permit, FileWrite file, InputStream content) {
        permit.requireNode(node);
        NodeShell shell = shells.of(node);
        List<String> arguments = new ArrayList<>(where(shell, node, file.path()));
        arguments.addAll(List.of(
                word(file.expected()),
                file.content().hex(),
                Long.toString(file.size()),
                Integer.toOctalString(file.mode()),
                Long.toString(file.uid()),
                Long.toString(file.gid()),
                Script.octal(settings.workPath().toBytes())));
        return outcome(
                shell,
                node,
                "write of " + file.path(),
                NodeShell.Call.change(write, arguments, new NodeShell.Input(content, file.size())),
                file.path());
    }

    @Override
    public Optional<NodePath> staging() {
        return Optional.of(settings.workPath().resolve("staging"));
    }

    @Override
    public WriteOutcome quarantine(NodeName node, Permit permit, NodePath path, @Nullable Digest expected) {
        permit.requireNode(node);
        String id = Quarantined.id(permit.effect().requireIncident(), path, expected);
        NodeShell shell = shells.of(node);
        List<String> arguments = new ArrayList<>(where(shell, node, path));
        arguments.addAll(List.of(
                expected == null ? "any" : expected.hex(),
                id,
                Script.octal(settings.workPath().toBytes())));
        return outcome(
                shell,
                node,
                "quarantine of " + path,
                NodeShell.Call.change(quarantine, arguments, NodeShell.Input.none()),
                settings.workPath().resolve("quarantine/" + id));
    }

    @Override
    public Optional<Quarantined> quarantined(NodeName node, IncidentId incident, NodePath path, Digest content) {
        NodeShell shell = shells.of(node);
        List<String> arguments = new ArrayList<>(where(shell, node, path));
        arguments.addAll(List.of(
                content.hex(),
                Quarantined.id(incident, path, content),
                Script.octal(settings.workPath().toBytes()),
                "look"));
        String act = "look into the quarantine for " + path;
        String[] words = answer(shell, node, act, NodeShell.Call.look(putBack, arguments));
        if (words[1].equals("CHANGED")) {
            return Optional.empty();
        }
        Matcher held = HELD.matcher(words.length == 3 ? words[2] : "");
        if (!words[1].equals("HELD") || !held.matches()) {
            throw new NodeAccessException("the " + act + " on node " + node + " gave an unknown answer");
        }
        return Optional.of(new Quarantined(
                held.group("place"),
                content,
                Integer.parseInt(held.group("mode"), 8),
                Long.parseLong(held.group("uid")),
                Long.parseLong(held.group("gid")),
                Long.parseLong(held.group("size")),
                Long.parseLong(held.group("mtime"))));
    }

    @Override
    public WriteOutcome putBack(NodeName node, Permit permit, NodePath path, Quarantined file) {
        permit.require(node, Effect.Kind.RETURN_FILE);
        NodeShell shell = shells.of(node);
        List<String> arguments = new ArrayList<>(where(shell, node, path));
        arguments.addAll(List.of(
                file.content().hex(),
                Quarantined.id(permit.effect().requireIncident(), path, file.content()),
                Script.octal(settings.workPath().toBytes()),
                file.place(),
                Integer.toOctalString(file.mode()),
                Long.toString(file.uid()),
                Long.toString(file.gid()),
                Long.toString(file.size()),
                Long.toString(file.modifiedAt())));
        return outcome(
                shell,
                node,
                "return of " + path,
                NodeShell.Call.change(putBack, arguments, NodeShell.Input.none()),
                path);
    }

    @Override
    public Optional<NodePath> place(Quarantined file) {
        return Optional.of(settings.workPath().resolve("quarantine/" + file.place() + "/content"));
    }

    /** As {@code write.sh} finds it: a digest, or the type in the file mode (inode(7)) with the digest of where a link leads. */
    private static String word(Expected expected) {
        if (expected instanceof Expected.Content content) {
            return content.sha256().hex();
        }
        if (!(expected instanceof Expected.Entry entry)) {
            return "none";
        }
        String target = entry.linkTarget() == null ? "" : entry.linkTarget();
        String type = switch (entry.type()) {
            case SYMLINK -> "a";
            case FIFO -> "1";
            case SOCKET -> "c";
            default -> throw new IllegalStateException("no such entry: " + entry.type());
        };
        return type + ":" + Digest.ofBytes(NodePath.bytesOf(target)).hex();
    }

    private static List<String> where(NodeShell shell, NodeName node, NodePath path) {
        NodePath prefix = shell.prefix(node);
        byte[] whole = path.toBytes();
        byte[] parent = path.parent().toBytes();
        int nameFrom = parent.length == 1 ? 1 : parent.length + 1;
        byte[] name = java.util.Arrays.copyOfRange(whole, nameFrom, whole.length);
        return List.of(Script.octal(prefix.toBytes()), Script.octal(parent), Script.octal(name));
    }

    /** At least two words, the first of which says that it is an answer. */
    private static String[] answer(NodeShell shell, NodeName node, String act, NodeShell.Call call) {
        FirstBytes answer = new FirstBytes(MAX_ANSWER);
        NodeShell.Ended ended = shell.run(node, call, answer);
        if (ended.code() != 0) {
            throw failed(act, node, ended);
        }
        String[] words = answer.text().strip().split(" ", 3);
        if (words.length < 2 || !words[0].equals("RESULT")) {
            throw new NodeAccessException("the " + act + " on node " + node + " gave no answer");
        }
        return words;
    }

    private static WriteOutcome outcome(
            NodeShell shell, NodeName node, String act, NodeShell.Call call, NodePath where) {
        String[] words = answer(shell, node, act, call);
        String detail = words.length == 3 ? words[2] : "";
        return switch (words[1]) {
            case "WRITTEN" ->
                new WriteOutcome.Written(
                        // a second file of the same path and incident got a place of its own beside the first
                        detail.matches("[0-9a-f]{32}\\+{1,64}") ? where.parent().resolve(detail) : where);
            case "ALREADY" -> new WriteOutcome.AlreadyDone();
            case "CHANGED" -> new WriteOutcome.Changed(detail);
            case "REFUSED" -> new WriteOutcome.Refused(detail);
            default -> throw new NodeAccessException("the " + act + " on node " + node + " gave an unknown answer");
        };
    }

    static NodeAccessException failed(String act, NodeName node, NodeShell.Ended ended) {
        String said = ended.stderr().replaceAll("[^\\x20-\\x7e]+", " ").strip();
        String shortened = said.length() > 300 ? said.substring(0, 300) : said;
        return new NodeAccessException(
                "the " + act + " on node " + node + " ended with " + ended.code() + ": " + shortened);
    }

    /** Digests what passes and stops passing it on at the limit. */
    private static final class Hashing extends OutputStream {
        private final OutputStream sink;
        private final long limit;
        private final MessageDigest digest = Digest.sha256();
        private long passed;

        Hashing(OutputStream sink, long limit) {
            this.sink = sink;
            this.limit = limit;
        }

        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int from, int length) throws IOException {
            passed += length;
            if (passed <= limit) {
                digest.update(bytes, from, length);
                sink.write(bytes, from, length);
            }
        }

        boolean overflowed() {
            return passed > limit;
        }

        Digest digest() {
            return Digest.of(digest);
        }
    }
}
