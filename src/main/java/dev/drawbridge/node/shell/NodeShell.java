package dev.drawbridge.node.shell;

import dev.drawbridge.node.NodeAccessException;
import dev.drawbridge.node.NodeUnreachableException;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.NodePath;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;
import java.util.Optional;

/** One way to run scripts on nodes as root. Bounds how much runs at once, and how long. */
public interface NodeShell {
    NodeAccess access();

    /** Directory under which the node's own root lies, as the script sees it. */
    NodePath prefix(NodeName node);

    /**
     * Runs one script to its end.
     *
     * @param stdout receives the output as it comes, on another thread; the rest is dropped after an exception from it, which comes to
     *     the caller
     * @return only when the exit code is known: a connection that broke is never a success
     * @throws NodeUnreachableException when there is no connection, when it breaks, or when there is no answer in time
     * @throws NodeAccessException when the output was not taken, or the input ended early
     */
    Ended run(NodeName node, Call call, OutputStream stdout);

    /** Why the processes of the node cannot be seen this way, where that is known before. */
    default Optional<String> processesHidden() {
        return Optional.empty();
    }

    /** What a script may do on the node. */
    enum Use {
        LOOK,
        CHANGE
    }

    /**
     * One run of a script.
     *
     * @param arguments from {@link Script#octal} or plain words
     */
    record Call(Script script, Use use, List<String> arguments, Input input) {
        static Call look(Script script, List<String> arguments) {
            return new Call(script, Use.LOOK, arguments, Input.none());
        }

        static Call change(Script script, List<String> arguments, Input input) {
            return new Call(script, Use.CHANGE, arguments, input);
        }
    }

    /**
     * What the script may read.
     *
     * @param bytes closed by the caller of the shell
     * @param size how many the script waits for; not every way can tell it that there are no more
     */
    record Input(InputStream bytes, long size) {
        /** Anew each time: whoever runs a command may close it. */
        public static Input none() {
            return new Input(InputStream.nullInputStream(), 0);
        }
    }

    /** Exit code and the first bytes of what a script wrote to its error stream. */
    record Ended(int code, String stderr) {}
}
