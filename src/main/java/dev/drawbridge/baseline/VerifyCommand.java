package dev.drawbridge.baseline;

import dev.drawbridge.baseline.BaselineFile.Held;
import dev.drawbridge.node.NodeDirectory;
import dev.drawbridge.node.NodeInfo;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.NodePath;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import org.eclipse.jgit.lib.ObjectId;
import org.eclipse.jgit.lib.ObjectReader;
import org.eclipse.jgit.lib.Ref;
import org.eclipse.jgit.lib.Repository;
import org.eclipse.jgit.revwalk.RevWalk;
import org.eclipse.jgit.treewalk.TreeWalk;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.BadSqlGrammarException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.DriverManagerDataSource;
import org.springframework.util.FileSystemUtils;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "verify",
        description =
                "Fetches the configured baseline, verifies it as Drawbridge does before it trusts a revision, and counts its"
                        + " files. Nothing is kept. Whether a revision follows the last one that was accepted is judged where"
                        + " spring.datasource.url names the application's database, which is only read.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class VerifyCommand implements Callable<Integer> {
    private final List<String> settings;
    private final Clock clock;

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec = CommandLine.Model.CommandSpec.create();

    @Parameters(
            paramLabel = "NODE",
            arity = "0..*",
            description =
                    "nodes; all that the repository knows otherwise. Needed when each has a repository of its own")
    private List<String> names = List.of();

    @Option(
            names = "--role",
            paramLabel = "ROLE",
            description = "a role that the named nodes have, for roles/ROLE in the overlay layout; may be repeated")
    private Set<String> roles = Set.of();

    /** @param settings for Spring */
    VerifyCommand(List<String> settings, Clock clock) {
        this.settings = settings;
        this.clock = clock;
    }

    @Override
    public Integer call() throws IOException {
        Set<NodeName> nodes = new TreeSet<>();
        for (String name : names) {
            nodes.add(NodeName.tryParse(name)
                    .orElseThrow(() ->
                            new CommandLine.ParameterException(spec.commandLine(), "not a node's name: " + name)));
        }
        Path copies = Files.createTempDirectory("drawbridge-verify");
        try (ConfigurableApplicationContext context = BaselineCommands.start(settings, clock, new Nobody())) {
            return new Look(configured(context), work(context), copies, accepted(context)).verify(nodes)
                    ? CommandLine.ExitCode.OK
                    : CommandLine.ExitCode.SOFTWARE;
        } finally {
            FileSystemUtils.deleteRecursively(copies);
        }
    }

    /** Empty when no database is configured. One that is named and cannot be asked fails when it is. */
    private static Optional<AcceptedRevisions> accepted(ConfigurableApplicationContext context) {
        String url = context.getEnvironment().getProperty("spring.datasource.url", "");
        if (url.isBlank()) {
            return Optional.empty();
        }
        // H2 would make a database that is not there
        DriverManagerDataSource database =
                new DriverManagerDataSource(url.startsWith("jdbc:h2:") ? url + ";IFEXISTS=TRUE" : url);
        database.setUsername(context.getEnvironment().getProperty("spring.datasource.username"));
        database.setPassword(context.getEnvironment().getProperty("spring.datasource.password"));
        return Optional.of(new AcceptedRevisions(JdbcClient.create(database)));
    }

    /** @throws IOException when what every command needs is not set */
    static BaselineProperties configured(ConfigurableApplicationContext context) throws IOException {
        BaselineProperties configured = context.getBean(BaselineProperties.class);
        if (configured.url() == null || configured.allowedSigners() == null || configured.cacheDirectory() == null) {
            throw new IOException("drawbridge.baseline.url, .allowed-signers and .cache-directory are not all set");
        }
        return configured;
    }

    /** Our own directory on the nodes. */
    static NodePath work(ConfigurableApplicationContext context) {
        return NodePath.of(
                context.getEnvironment().getProperty("drawbridge.node.work-directory", "/etc/kubernetes/.drawbridge"));
    }

    private final class Look {
        private final BaselineProperties configured;
        private final Path copies;
        private final RevisionVerifier verifier;
        private final TreeReader reader;
        private final PrintWriter out = spec.commandLine().getOut();
        private final PrintWriter err = spec.commandLine().getErr();
        private final Map<String, GitSource> sources = new TreeMap<>();

        private final Optional<AcceptedRevisions> accepted;

        Look(BaselineProperties configured, NodePath work, Path copies, Optional<AcceptedRevisions> accepted) {
            this.accepted = accepted;
            this.configured = configured;
            this.copies = copies;
            this.verifier = new RevisionVerifier(configured, clock);
            this.reader = TreeReader.of(configured, work);
        }

        boolean verify(Set<NodeName> named) throws IOException {
            try {
                Set<NodeName> nodes = named.isEmpty() ? known() : named;
                if (nodes.isEmpty()) {
                    return refused("the repository holds nothing for any node");
                }
                boolean good = true;
                for (NodeName node : nodes) {
                    good &= verify(node, !named.isEmpty());
                }
                return good;
            } finally {
                sources.values().forEach(GitSource::close);
                out.flush();
                err.flush();
            }
        }

        private boolean refused(String why) {
            err.println("verify: " + why);
            return false;
        }

        private Repository repository(String url) throws IOException {
            GitSource source = sources.get(url);
            if (source == null) {
                source = GitSource.open(configured, url, copies.resolve(sources.size() + ".git"), verifier, clock);
                // the copy is removed at the end: nothing may tidy up in it then
                source.repository().getConfig().setBoolean("gc", null, "autoDetach", false);
                sources.put(url, source);
                Optional<String> problem = source.fetch(Duration.ZERO);
                if (problem.isPresent()) {
                    throw new IOException(url + ": " + problem.get());
                }
            }
            return source.repository();
        }

        /** All nodes of the one repository that the address names. */
        private Set<NodeName> known() throws IOException {
            String url = String.valueOf(configured.url());
            if (url.contains("{node}")) {
                throw new IOException("each node has a repository of its own: name the nodes");
            }
            Set<NodeName> nodes = new TreeSet<>();
            Repository repository = repository(url);
            if (configured.layout() == BaselineLayout.ETCKEEPER) {
                int at = configured.ref().indexOf("{node}");
                String before = configured.ref().substring(0, at);
                String after = configured.ref().substring(at + "{node}".length());
                for (Ref ref : repository.getRefDatabase().getRefsByPrefix(before)) {
                    String name = ref.getName();
                    if (name.length() > before.length() + after.length() && name.endsWith(after)) {
                        NodeName.tryParse(name.substring(before.length(), name.length() - after.length()))
                                .ifPresent(nodes::add);
                    }
                }
                return nodes;
            }
            ObjectId tree = repository.resolve(configured.ref() + "^{tree}");
            if (tree == null) {
                throw new IOException("the repository has no " + configured.ref());
            }
            try (ObjectReader objects = repository.newObjectReader();
                    TreeWalk walk = new TreeWalk(objects)) {
                ObjectId subtree = TreeReader.subtree(objects, tree, "nodes");
                if (subtree != null) {
                    walk.addTree(subtree);
                    while (walk.next()) {
                        NodeName.tryParse(walk.getNameString()).ifPresent(nodes::add);
                    }
                }
            }
            return nodes;
        }

        private boolean verify(NodeName node, boolean named) throws IOException {
            Repository repository = repository(String.valueOf(configured.url(node)));
            String ref = configured.ref(node);
            try (RevWalk walk = new RevWalk(repository)) {
                RevisionVerifier.Verified found = verifier.verify(repository, walk, ref);
                if (found instanceof RevisionVerifier.Verified.Bad bad) {
                    return refused(ref + " is not trusted: " + bad.rule() + ", " + bad.reason());
                }
                if (!(found instanceof RevisionVerifier.Verified.Signed signed)) {
                    return refused(((RevisionVerifier.Verified.Missing) found).reason());
                }
                List<TreeReader.Layer> layers =
                        layers(repository, signed.commit().getTree(), node, named);
                GitBaseline baseline = reader.read(repository, signed.commit().getTree(), signed.revision(), layers);
                if (baseline.files().isEmpty()) {
                    return refused(ref + " holds nothing for node " + node);
                }
                String place;
                try {
                    place = place(node, walk, signed);
                } catch (DataAccessException unread) {
                    return refused(ref + " cannot be judged: the database of accepted revisions cannot be read ("
                            + unread.getClass().getSimpleName() + ")");
                }
                if (place.isEmpty()) {
                    return false;
                }
                out.println(node + ": " + ref + " is " + signed.revision().commit() + ", signed by "
                        + signed.revision().signer() + "; " + count(baseline, layers) + "; " + place);
                return true;
            } catch (MalformedBaselineException malformed) {
                return refused(ref + " is not trusted: malformed-tree, " + malformed.getMessage());
            }
        }

        /** How the revision stands to the one accepted last; empty when it was refused. */
        private String place(NodeName node, RevWalk walk, RevisionVerifier.Verified.Signed signed) throws IOException {
            if (accepted.isEmpty()) {
                return "not judged: whether it follows the revision accepted last (spring.datasource.url is not set)";
            }
            Optional<String> last;
            try {
                last = accepted.get().last(AcceptedRevisions.key(configured, node));
            } catch (BadSqlGrammarException unknown) {
                if (AcceptedRevisions.noSuchTable(unknown)) {
                    return "not judged: whether it follows the revision accepted last (Drawbridge never started with this database)";
                }
                throw unknown;
            }
            if (last.isEmpty()) {
                return "no revision was accepted before";
            }
            String commit = signed.revision().commit();
            if (last.get().equals(commit)) {
                return "it is the revision accepted last";
            }
            Optional<RevisionVerifier.Verified.Bad> objection =
                    AcceptedRevisions.objection(walk, last.get(), signed.revision(), signed.commit());
            GitSource source = sources.get(String.valueOf(configured.url(node)));
            if (objection.isPresent() && source.shallow()) {
                if (!source.complete()) {
                    throw new IOException("the history before " + commit + " cannot be fetched");
                }
                try (RevWalk whole = new RevWalk(source.repository())) {
                    objection = AcceptedRevisions.objection(
                            whole, last.get(), signed.revision(), whole.parseCommit(signed.commit()));
                }
            }
            if (objection.isPresent()) {
                refused(signed.revision().ref() + " is not trusted: "
                        + objection.get().rule() + ", " + objection.get().reason());
                return "";
            }
            return "it follows " + last.get() + ", accepted last";
        }

        /** Of a node that was not named the roles are not known: then all roles of the repository are read under it. */
        private List<TreeReader.Layer> layers(Repository repository, ObjectId tree, NodeName node, boolean named)
                throws IOException {
            Set<String> assumed = new TreeSet<>(roles);
            if (!named && configured.layout() == BaselineLayout.OVERLAY) {
                try (ObjectReader objects = repository.newObjectReader();
                        TreeWalk walk = new TreeWalk(objects)) {
                    ObjectId subtree = TreeReader.subtree(objects, tree, "roles");
                    if (subtree != null) {
                        walk.addTree(subtree);
                        while (walk.next()) {
                            assumed.add(walk.getNameString());
                        }
                    }
                }
            }
            return new ArrayList<>(reader.layers(new NodeInfo(node, "", Set.of(), assumed, Map.of())));
        }

        private String count(GitBaseline baseline, List<TreeReader.Layer> layers) {
            Map<Held, Integer> counts = new TreeMap<>();
            baseline.files().values().forEach(file -> counts.merge(file.held(), 1, Integer::sum));
            List<String> parts = new ArrayList<>();
            parts.add(counts.getOrDefault(Held.CONTENT, 0) + " files");
            counts.forEach((held, count) -> {
                switch (held) {
                    case DIGEST -> parts.add(count + " by digest only");
                    case LINK -> parts.add(count + " links");
                    case DIRECTORY -> parts.add(count + " empty directories");
                    case SUBMODULE -> parts.add(count + " repositories of their own");
                    case CONTENT -> {}
                }
            });
            String from = layers.size() < 2
                    ? ""
                    : " (with "
                            + String.join(
                                    ", ",
                                    layers.stream()
                                            .limit(layers.size() - 1L)
                                            .map(TreeReader.Layer::directory)
                                            .toList())
                            + ")";
            return String.join(", ", parts) + from;
        }
    }

    /** No node is asked for anything. */
    private record Nobody() implements NodeDirectory {
        @Override
        public Lookup find(NodeName name) {
            return new Lookup.Unknown();
        }

        @Override
        public List<NodeInfo> all() {
            return List.of();
        }
    }
}
