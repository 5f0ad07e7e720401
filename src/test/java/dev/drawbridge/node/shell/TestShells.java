package dev.drawbridge.node.shell;

import dev.drawbridge.node.NodeFiles;
import dev.drawbridge.node.NodeProcesses;
import java.time.Clock;
import java.util.Map;

/** Files and processes of nodes over one shell, with limits that tests can reach. */
public final class TestShells {
    public static final int MAX_SCAN_ENTRIES = 50_000;

    private TestShells() {}

    public static NodeFiles files(NodeShell shell) {
        return files(shell, MAX_SCAN_ENTRIES);
    }

    public static NodeFiles files(NodeShell shell, int maxScanEntries) {
        return new ShellNodeFiles(
                node -> shell,
                new NodeAccessProperties(shell.access(), Map.of(), "/etc/kubernetes/.drawbridge", maxScanEntries),
                Clock.systemUTC());
    }

    public static NodeProcesses processes(NodeShell shell) {
        return new ShellNodeProcesses(node -> shell);
    }
}
