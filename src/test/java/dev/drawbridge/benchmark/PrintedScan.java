package dev.drawbridge.benchmark;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.drawbridge.baseline.BaselineFile;
import dev.drawbridge.node.shell.NodeAccess;
import dev.drawbridge.node.shell.NodeShell;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.NodePath;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.SortedMap;
import java.util.TreeMap;

/** A node of many files that prints what {@code scan.sh} would, and has none. */
final class PrintedScan implements NodeShell {
    /** As many as find gives to one command. */
    private static final int BATCH = 2_000;

    /** Odd, so that the order of the directory is not that of the names. */
    private static final long STRIDE = 7_919;

    private final int files;

    PrintedScan(int files) {
        this.files = files;
    }

    private String name(int position) {
        return "/etc/kubernetes/pki/many/" + (position * STRIDE) % files + ".txt";
    }

    SortedMap<NodePath, BaselineFile> baseline() {
        SortedMap<NodePath, BaselineFile> baseline = new TreeMap<>();
        for (int i = 0; i < files; i++) {
            NodePath path = NodePath.of(name(i));
            baseline.put(
                    path,
                    new BaselineFile(path, BaselineFile.Held.CONTENT, Digest.ofText(name(i)), 3, 0600, "root", "root"));
        }
        return baseline;
    }

    @Override
    public NodeAccess access() {
        return NodeAccess.SSH;
    }

    @Override
    public NodePath prefix(NodeName node) {
        return NodePath.of("/");
    }

    @Override
    public Ended run(NodeName node, Call call, OutputStream stdout) {
        try (OutputStream out = new BufferedOutputStream(stdout, 32 * 1024)) {
            say(out, "U", "", "W", "", "G");
            for (int from = 0; from < files; from += BATCH) {
                int to = Math.min(files, from + BATCH);
                for (int i = from; i < to; i++) {
                    say(out, "f", "600", "0", "0", "3", "4.5", "6.7", "8 " + i, "1", "", name(i));
                }
                for (int i = from; i < to; i++) {
                    say(out, Digest.ofText(name(i)) + "  " + name(i));
                }
            }
            say(out, "AGAIN");
            for (int i = 0; i < files; i++) {
                say(out, "8 " + i, "6.7 3", "");
            }
            say(out, "END");
        } catch (IOException broken) {
            throw new java.io.UncheckedIOException(broken);
        }
        return new Ended(0, "");
    }

    private static void say(OutputStream out, String... fields) throws IOException {
        for (String field : fields) {
            out.write(field.getBytes(US_ASCII));
            out.write(0);
        }
    }
}
