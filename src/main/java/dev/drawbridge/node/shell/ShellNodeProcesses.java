package dev.drawbridge.node.shell;

import dev.drawbridge.node.NodeProcesses;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.NodePath;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.springframework.stereotype.Component;

/** Processes of nodes by a script: one command and one round trip, as for files. */
@Component
class ShellNodeProcesses implements NodeProcesses {
    private static final int MOST = 5_000;
    private static final int NO_PROC = 44;

    private final NodeShells shells;
    private final Script script = Script.load("processes");

    ShellNodeProcesses(NodeShells shells) {
        this.shells = shells;
    }

    @Override
    public Snapshot processes(NodeName node, List<NodePath> directories) {
        NodeShell shell = shells.of(node);
        Optional<String> hidden = shell.processesHidden();
        if (hidden.isPresent()) {
            return new Snapshot.NotAvailable(hidden.get());
        }
        NodePath prefix = shell.prefix(node);
        List<String> arguments = new ArrayList<>(List.of(Script.octal(prefix.toBytes()), Integer.toString(MOST)));
        directories.forEach(directory -> arguments.add(Script.octal(directory.toBytes())));
        String latin = new String(prefix.toBytes(), StandardCharsets.ISO_8859_1);
        ProcessOutput output = new ProcessOutput(latin.equals("/") ? "" : latin, directories);
        NodeShell.Ended ended = shell.run(node, NodeShell.Call.look(script, arguments), output);
        if (ended.code() == NO_PROC) {
            return new Snapshot.NotAvailable("there is no /proc below the root through which the node is reached");
        }
        if (ended.code() != 0) {
            throw ShellNodeFiles.failed("list of processes", node, ended);
        }
        return output.seen();
    }
}
