package dev.drawbridge.baseline;

import dev.drawbridge.node.NodeDirectory;
import dev.drawbridge.node.NodeFiles;
import dev.drawbridge.node.NodeInfo;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.WatchedSet;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import org.eclipse.jgit.lib.PersonIdent;
import org.jspecify.annotations.Nullable;
import org.springframework.context.ConfigurableApplicationContext;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "capture",
        description =
                "Reads a healthy node and makes what it holds the baseline: a signed commit and a signed tag in a clone of the"
                        + " repository. The node is only read, and nothing is pushed unless asked for.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class CaptureCommand implements Callable<Integer> {
    private final List<String> settings;
    private final Clock clock;

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec = CommandLine.Model.CommandSpec.create();

    @Parameters(paramLabel = "NODE", description = "its name in the cluster")
    private String node = "";

    @Option(
            names = "--clone",
            required = true,
            paramLabel = "DIR",
            description = "clone of the baseline's repository; made from the configured address when it is not there")
    private Path clone = Path.of("");

    @Option(
            names = "--signing-key",
            required = true,
            paramLabel = "FILE",
            description = "private key, of the form that drawbridge.baseline.signature-format names")
    private Path signingKey = Path.of("");

    @Option(
            names = "--passphrase-file",
            paramLabel = "FILE",
            description = "holds the passphrase of the key, if it has one")
    private @Nullable Path passphrase;

    @Option(
            names = "--signer",
            required = true,
            paramLabel = "'NAME <EMAIL>'",
            description = "who vouches; for an SSH key the address that the file of allowed signers names")
    private String signer = "";

    @Option(names = "--message", paramLabel = "TEXT", description = "of commit and tag")
    private @Nullable String message;

    @Option(
            names = "--role",
            paramLabel = "ROLE",
            description =
                    "a role that the node has, as control-plane, for roles/ROLE in the overlay layout; may be repeated")
    private Set<String> roles = Set.of();

    @Option(
            names = "--address",
            paramLabel = "HOST",
            description = "where the node's SSH listens, when drawbridge.node.endpoints does not say it")
    private @Nullable String address;

    @Option(
            names = "--path",
            paramLabel = "PATTERN",
            description = "what is captured, /dir/** or /dir/*.ext; may be repeated; all of /etc/kubernetes otherwise")
    private List<String> paths = List.of("/etc/kubernetes/**");

    @Option(
            names = "--include-private-keys",
            description =
                    "private keys and other secrets go into Git with their content, for whoever can read the repository;"
                            + " otherwise their digests do")
    private boolean withKeys;

    @Option(names = "--preview", description = "only show what would change")
    private boolean preview;

    @Option(names = "--push", description = "push branch and tag to the configured repository")
    private boolean push;

    /** @param settings for Spring */
    CaptureCommand(List<String> settings, Clock clock) {
        this.settings = settings;
        this.clock = clock;
    }

    @Override
    public Integer call() throws IOException {
        PrintWriter out = spec.commandLine().getOut();
        NodeInfo info = info();
        WatchedSet watched = watched();
        try (ConfigurableApplicationContext context = BaselineCommands.start(settings, clock, new Named(info))) {
            BaselineProperties configured = VerifyCommand.configured(context);
            BaselineCapture capture = new BaselineCapture(
                    configured,
                    context.getBean(NodeFiles.class),
                    new RevisionVerifier(configured, clock),
                    VerifyCommand.work(context),
                    line -> out.println(line));
            capture.capture(
                    new BaselineCapture.Request(info, watched, clone, withKeys, preview, push, who(), message()),
                    signer(configured));
            out.flush();
            return CommandLine.ExitCode.OK;
        }
    }

    private String message() {
        return message == null ? node + " as it should be" : message;
    }

    private NodeInfo info() {
        return NodeName.tryParse(node)
                .filter(name -> name.value().equals(node))
                .map(name -> new NodeInfo(name, "", address == null ? Set.of() : Set.of(address), roles, Map.of()))
                .orElseThrow(
                        () -> new CommandLine.ParameterException(spec.commandLine(), "not a node's name: " + node));
    }

    private WatchedSet watched() {
        try {
            return new WatchedSet(paths);
        } catch (IllegalArgumentException malformed) {
            throw new CommandLine.ParameterException(spec.commandLine(), "--path: " + malformed.getMessage());
        }
    }

    private PersonIdent who() {
        int open = signer.indexOf('<');
        if (open < 1 || !signer.endsWith(">") || signer.indexOf('\n') >= 0) {
            throw new CommandLine.ParameterException(spec.commandLine(), "--signer: 'Name <name@example.org>'");
        }
        return new PersonIdent(
                signer.substring(0, open).strip(),
                signer.substring(open + 1, signer.length() - 1),
                clock.instant(),
                ZoneOffset.UTC);
    }

    private ObjectSigner signer(BaselineProperties configured) throws IOException {
        char[] secret = passphrase == null
                ? null
                : Files.readString(passphrase).stripTrailing().toCharArray();
        if (!Files.isReadable(signingKey)) {
            throw new IOException(signingKey + " cannot be read");
        }
        return configured.signatureFormat().equals("openpgp")
                ? new OpenPgpObjectSigner(signingKey, secret)
                : new SshObjectSigner(signingKey, secret);
    }

    /** The one node that the person named. */
    record Named(NodeInfo node) implements NodeDirectory {
        @Override
        public Lookup find(NodeName name) {
            return name.equals(node.name()) ? new Lookup.Known(node) : new Lookup.Unknown();
        }

        @Override
        public List<NodeInfo> all() {
            return List.of(node);
        }
    }
}
