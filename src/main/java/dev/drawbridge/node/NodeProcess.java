package dev.drawbridge.node;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One process as {@code /proc} shows it. Nothing in it is trusted: a process chooses its name and its command line, and whoever is
 * root on the node can forge the rest. Texts are escaped like {@link dev.drawbridge.shared.NodePath#toString()}.
 *
 * @param user real user id; null when it could not be read
 * @param startedAt to the hundredth of a second; null when it could not be read
 * @param executable path that it was started from, with {@code (deleted)} behind it when that is gone; empty for kernel threads and
 *     where it may not be seen
 * @param commandLine arguments joined by blanks, cut when it is long
 * @param workingDirectory only when it lies in a directory that was asked for
 * @param pod uid of the pod whose control group it runs in, as kubelet writes uids; null when it is in none, or that could not be read
 * @param openFiles those below a directory that was asked for
 */
public record NodeProcess(
        long id,
        long parent,
        @Nullable Long user,
        @Nullable Instant startedAt,
        String name,
        String executable,
        String commandLine,
        @Nullable String workingDirectory,
        @Nullable String pod,
        List<String> openFiles) {
    public NodeProcess {
        openFiles = List.copyOf(openFiles);
    }
}
