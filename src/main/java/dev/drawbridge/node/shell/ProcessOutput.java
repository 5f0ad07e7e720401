package dev.drawbridge.node.shell;

import dev.drawbridge.node.NodeAccessException;
import dev.drawbridge.node.NodeProcess;
import dev.drawbridge.node.NodeProcesses.Snapshot;
import dev.drawbridge.shared.NodePath;
import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads what {@code processes.sh} writes, as it comes. Everything in it may be forged by a compromised node: sizes and counts are
 * bounded, and numbers are parsed strictly.
 */
final class ProcessOutput extends OutputStream {
    private static final int MAX_FIELD = 8_192; // a command line of 4096 bytes, or a path
    private static final int MAX_KEPT = 16 * 1024 * 1024;
    private static final int MAX_LINES = 1_000_000;
    private static final int PROCESS_FIELDS = 8;
    /** As the drivers {@code cgroupfs} and {@code systemd} name the group of a pod; the latter writes hyphens of the uid as underscores. */
    private static final Pattern POD_GROUP = Pattern.compile("[/-]pod([0-9A-Za-z_-]{1,253})(\\.slice)?(?:/|$)");

    /** USER_HZ, in which {@code /proc} counts on every architecture that runs Kubernetes. */
    private static final int MILLIS_PER_TICK = 10;

    private final String prefix;
    private final List<NodePath> directories;
    private final ByteArrayOutputStream field = new ByteArrayOutputStream(256);
    private final List<String> fields = new ArrayList<>();
    private final List<NodeProcess> processes = new ArrayList<>();
    private String record = "";
    private int records;
    private int missing;
    private long kept;
    private @Nullable Long bootedAt;
    private @Nullable NodeProcess current;
    private int hidden;
    private int unseen;
    private boolean moreFiles;
    private boolean moreProcesses;
    private boolean ended;

    /** @param prefix physical root prefix, empty for {@code /} */
    ProcessOutput(String prefix, List<NodePath> directories) {
        this.prefix = prefix;
        this.directories = directories;
    }

    @Override
    public void write(int b) {
        if (b != 0) {
            if (field.size() >= MAX_FIELD) {
                throw new NodeAccessException("the list of processes holds a field that is too long");
            }
            field.write(b);
            return;
        }
        accept(field.toString(StandardCharsets.ISO_8859_1));
        field.reset();
    }

    @Override
    public void write(byte[] bytes, int from, int length) {
        for (int i = from; i < from + length; i++) {
            write(bytes[i]);
        }
    }

    private void accept(String text) {
        if (ended) {
            throw new NodeAccessException("the list of processes goes on after its end");
        }
        if (missing > 0) {
            fields.add(text);
            missing--;
            if (missing == 0) {
                complete();
                fields.clear();
            }
            return;
        }
        if (++records > MAX_LINES) {
            throw new NodeAccessException("the list of processes does not end");
        }
        record = text;
        switch (text) {
            case "S", "C", "F" -> missing = 1;
            case "P" -> missing = PROCESS_FIELDS;
            case "H" -> hidden++;
            case "U" -> unseen++;
            case "O" -> moreFiles = true;
            case "M" -> moreProcesses = true;
            case "END" -> {
                finishProcess();
                ended = true;
            }
            default -> throw new NodeAccessException("the list of processes is malformed");
        }
    }

    private void complete() {
        switch (record) {
            case "S" -> bootedAt = fields.get(0).isEmpty() ? null : number(fields.get(0));
            case "P" -> {
                finishProcess();
                current = process();
            }
            case "C" -> below(fields.get(0), shown -> with(shown, running().openFiles()));
            default ->
                below(fields.get(0), shown -> {
                    List<String> open = new ArrayList<>(running().openFiles());
                    if (!open.contains(shown)) {
                        open.add(shown);
                    }
                    with(running().workingDirectory(), open);
                });
        }
    }

    private NodeProcess running() {
        if (current == null) {
            throw new NodeAccessException("the list of processes is malformed");
        }
        return current;
    }

    private void with(@Nullable String workingDirectory, List<String> openFiles) {
        NodeProcess process = running();
        current = new NodeProcess(
                process.id(),
                process.parent(),
                process.user(),
                process.startedAt(),
                process.name(),
                process.executable(),
                process.commandLine(),
                workingDirectory,
                process.pod(),
                openFiles);
    }

    private NodeProcess process() {
        return new NodeProcess(
                number(fields.get(0)),
                fields.get(1).isEmpty() ? 0 : number(fields.get(1)),
                fields.get(2).isEmpty() ? null : number(fields.get(2)),
                startedAt(fields.get(3)),
                ScanOutput.link(fields.get(4)),
                ScanOutput.link(inside(fields.get(5))),
                commandLine(fields.get(7)),
                null,
                pod(fields.get(6)),
                List.of());
    }

    private static @Nullable String pod(String group) {
        int begin = group.indexOf("kubepods");
        Matcher matcher = POD_GROUP.matcher(begin < 0 ? "" : group.substring(begin));
        if (!matcher.find()) {
            return null;
        }
        return matcher.group(2) == null ? matcher.group(1) : matcher.group(1).replace('_', '-');
    }

    private @Nullable Instant startedAt(String ticks) {
        if (bootedAt == null || ticks.isEmpty()) {
            return null;
        }
        try {
            return Instant.ofEpochSecond(bootedAt).plusMillis(Math.multiplyExact(number(ticks), MILLIS_PER_TICK));
        } catch (ArithmeticException | java.time.DateTimeException forged) {
            throw new NodeAccessException("the list of processes holds an impossible time", forged);
        }
    }

    /** The script puts a byte 1 where the kernel has the NUL between two arguments. */
    private static String commandLine(String raw) {
        String joined = raw.endsWith("\1") ? raw.substring(0, raw.length() - 1) : raw;
        String shown = ScanOutput.link(joined.replace('\1', ' '));
        return raw.length() >= NodePath.MAX_BYTES ? shown + "..." : shown;
    }

    private void finishProcess() {
        if (current == null) {
            return;
        }
        kept += current.toString().length();
        if (kept > MAX_KEPT) {
            moreProcesses = true;
        } else {
            processes.add(current);
        }
        current = null;
    }

    /** The script looks for names only roughly. */
    private void below(String raw, java.util.function.Consumer<String> use) {
        String inside = inside(raw);
        String path = inside.endsWith(" (deleted)") ? inside.substring(0, inside.length() - 10) : inside;
        boolean wanted;
        try {
            NodePath found = NodePath.ofBytes(path.getBytes(StandardCharsets.ISO_8859_1));
            wanted = directories.stream().anyMatch(found::isWithin);
        } catch (IllegalArgumentException noPath) {
            wanted = false;
        }
        if (wanted) {
            use.accept(ScanOutput.link(inside));
        }
    }

    private String inside(String raw) {
        return !prefix.isEmpty() && raw.startsWith(prefix + "/") ? raw.substring(prefix.length()) : raw;
    }

    /** What was read, complete or not at all. */
    Snapshot.Seen seen() {
        if (!ended) {
            throw new NodeAccessException("the list of processes ended early");
        }
        processes.sort(Comparator.comparingLong(NodeProcess::id));
        List<String> gaps = new ArrayList<>();
        if (moreProcesses) {
            gaps.add("there are more processes than these");
        }
        if (hidden > 0) {
            gaps.add(hidden + " processes may not be looked at");
        } else if (processes.stream().noneMatch(process -> process.id() == 1)) {
            gaps.add("process 1 cannot be seen, so others may be hidden too");
        }
        if (unseen > 0) {
            gaps.add("of " + unseen + " processes it cannot be seen which files they have open");
        }
        if (moreFiles) {
            gaps.add("a process has more files open than were looked at");
        }
        return new Snapshot.Seen(processes, gaps);
    }

    private static long number(String text) {
        try {
            long number = Long.parseLong(text);
            if (number >= 0) {
                return number;
            }
        } catch (NumberFormatException forged) {
            throw new NodeAccessException("the list of processes holds a malformed number", forged);
        }
        throw new NodeAccessException("the list of processes holds a negative number");
    }
}
