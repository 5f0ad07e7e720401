package dev.drawbridge.node.ssh;

import dev.drawbridge.node.NodeProcesses;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.NodePath;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.springframework.stereotype.Component;

/** Processes of nodes over SSH: one command and one round trip, as for files. */
@Component
class SshNodeProcesses implements NodeProcesses {
    private static final int MOST = 5_000;
    private static final int NO_PROC = 44;

    private final SshSessions sessions;
    private final NodeSshProperties settings;
    private final Script script = Script.load("processes");

    SshNodeProcesses(SshSessions sessions, NodeSshProperties settings) {
        this.sessions = sessions;
        this.settings = settings;
    }

    @Override
    public Snapshot processes(NodeName node, List<NodePath> directories) {
        NodePath prefix = sessions.endpoint(node).rootPrefix();
        List<String> arguments = new ArrayList<>(List.of(Script.octal(prefix.toBytes()), Integer.toString(MOST)));
        directories.forEach(directory -> arguments.add(Script.octal(directory.toBytes())));
        String latin = new String(prefix.toBytes(), StandardCharsets.ISO_8859_1);
        ProcessOutput output = new ProcessOutput(latin.equals("/") ? "" : latin, directories);
        SshSessions.Ended ended =
                sessions.run(node, script.command(settings.sudo(), arguments), InputStream.nullInputStream(), output);
        if (ended.code() == NO_PROC) {
            return new Snapshot.NotAvailable("there is no /proc below the root through which the node is reached");
        }
        if (ended.code() != 0) {
            throw SshNodeFiles.failed("list of processes", node, ended);
        }
        return output.seen();
    }
}
