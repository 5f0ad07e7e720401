package dev.drawbridge.benchmark;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drawbridge.DrawbridgeApplication;
import dev.drawbridge.baseline.BaselineAuthor;
import dev.drawbridge.node.NodeDirectory;
import dev.drawbridge.sandbox.SandboxApiServer;
import dev.drawbridge.sandbox.SandboxSshServer;
import dev.drawbridge.sandbox.TestTrees;
import dev.drawbridge.shared.WatchedSet;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.sshd.common.config.keys.PublicKeyEntry;
import org.apache.sshd.common.config.keys.writer.openssh.OpenSSHKeyPairResourceWriter;
import org.awaitility.Awaitility;
import org.camunda.bpm.engine.ManagementService;
import org.camunda.bpm.engine.management.JobDefinition;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.context.TypeExcludeFilter;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.core.type.classreading.MetadataReader;
import org.springframework.core.type.classreading.MetadataReaderFactory;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.security.crypto.bcrypt.BCryptPasswordEncoder;
import org.springframework.util.FileSystemUtils;

/**
 * The whole application in this process, configured as in production: PostgreSQL with durable commits, an API server, an SSH server that
 * serves all nodes, and a signed baseline.
 */
final class BenchmarkWorld implements AutoCloseable {
    static final String TOKEN = "benchmark-token-of-some-length";
    private static final WatchedSet APPROVED = new WatchedSet(List.of("/etc/kubernetes/**"));
    private static final String SIGNER = "baseline@drawbridge.example";

    private final Deque<AutoCloseable> running = new ArrayDeque<>();
    private final Path directory;
    private final BenchmarkCluster cluster;
    private final ConfigurableApplicationContext application;
    private final JdbcClient jdbc;
    private int known;

    /** @param directory on a disk, not in memory: a durable commit that costs nothing is no floor */
    BenchmarkWorld(Path directory, Collection<BenchmarkNode> served, Collection<BenchmarkNode> bare) throws Exception {
        this.directory = directory;
        Map<String, Object> properties = new LinkedHashMap<>(limits());
        EmbeddedPostgres postgres = EmbeddedPostgres.builder()
                .setDataDirectory(directory.resolve("postgres"))
                .setPGStartupWait(Duration.ofMinutes(1))
                .setServerConfig("fsync", "on")
                .setServerConfig("synchronous_commit", "on")
                .start();
        running.push(postgres);
        properties.put("spring.datasource.url", postgres.getJdbcUrl("postgres", "postgres"));
        properties.put("spring.datasource.username", "postgres");
        properties.put("spring.datasource.password", "");
        TestTrees trees = new TestTrees();
        for (BenchmarkNode node : served) {
            Files.createDirectories(node.root().getParent());
            trees.create(node.root(), node.name(), false);
        }
        properties.putAll(baseline(directory, served));
        properties.putAll(ssh(directory, served));
        cluster =
                BenchmarkCluster.with(bare.stream().map(BenchmarkWorld::object).toList());
        running.push(cluster);
        properties.putAll(cluster.properties());
        properties.put("drawbridge.playbook.directory", playbook(directory).toString());
        properties.put(
                "drawbridge.evidence.directory", directory.resolve("evidence").toString());
        // as arguments: whoever runs the benchmark may have settings of their own in the environment
        application = new SpringApplicationBuilder(DrawbridgeApplication.class)
                .initializers(context -> context.getBeanFactory().registerSingleton("productOnly", new ProductOnly()))
                .run(properties.entrySet().stream()
                        .map(property -> "--" + property.getKey() + "=" + property.getValue())
                        .toArray(String[]::new));
        running.push(application);
        jdbc = application.getBean(JdbcClient.class);
        assertThat(show("fsync")).isEqualTo("on");
        assertThat(show("synchronous_commit")).isEqualTo("on");
        jdbc.sql("create table benchmark_floor (id bigserial primary key, content varchar(200) not null)")
                .update();
        known = cluster.nodes();
        awaitNodes();
    }

    private static Node object(BenchmarkNode node) {
        return SandboxApiServer.node(node.name(), false, node.address());
    }

    /**
     * Nodes join the cluster when their turn comes and leave it afterwards: the stand-in for the API server looks at every object it has for
     * each request, on the processors that are measured.
     */
    void join(Collection<BenchmarkNode> nodes) {
        nodes.forEach(node -> cluster.create(object(node)));
        known += nodes.size();
        awaitNodes();
    }

    void leave(Collection<BenchmarkNode> nodes) {
        nodes.forEach(node -> cluster.client().nodes().withName(node.name()).delete());
        // as when their incidents end: in no cluster are hundreds of nodes contained, of which each verdict would read
        // the names
        jdbc.sql("""
                        update guardrail_reservation set freed_at = reserved_at, reserved_at = reserved_at - interval '1 day'
                        where freed_at is null and node in (:nodes)""")
                .param("nodes", nodes.stream().map(BenchmarkNode::name).toList())
                .update();
        known -= nodes.size();
        awaitNodes();
    }

    private void awaitNodes() {
        Awaitility.await("the node directory is read")
                .atMost(Duration.ofSeconds(30))
                .pollInterval(Duration.ofMillis(5))
                .until(() -> bean(NodeDirectory.class).all().size() == known);
    }

    /** The applications of other tests lie on the same class path. */
    private static final class ProductOnly extends TypeExcludeFilter {
        @Override
        public boolean match(MetadataReader type, MetadataReaderFactory types) throws IOException {
            return type.getResource().getURL().getPath().contains("/test-classes/");
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof ProductOnly;
        }

        @Override
        public int hashCode() {
            return ProductOnly.class.hashCode();
        }
    }

    private static Map<String, Object> limits() {
        String hash = "{bcrypt}" + new BCryptPasswordEncoder(4).encode("benchmark");
        Map<String, Object> properties = new LinkedHashMap<>(Map.of(
                "server.address", "127.0.0.1",
                "server.port", "0",
                "spring.main.banner-mode", "off",
                "logging.level.root", "warn",
                "drawbridge.access.alert-token", TOKEN,
                "drawbridge.access.users.auditor.password-hash", hash,
                "drawbridge.access.users.auditor.groups", "auditors"));
        // what would stop so many containments, rightly
        properties.put("drawbridge.guardrail.dry-run", "false");
        properties.put("drawbridge.guardrail.max-contained-nodes", "100000");
        properties.put("drawbridge.guardrail.hourly-budget", "100000");
        properties.put("drawbridge.guardrail.pool.max-percent", "100");
        properties.put("drawbridge.guardrail.pool.min-healthy-percent", "0");
        properties.put("drawbridge.guardrail.storm.incidents", "100000");
        // a burst is wider than one detector's requests
        properties.put("drawbridge.alert.max-wait", "60s");
        return properties;
    }

    private static Map<String, Object> baseline(Path directory, Collection<BenchmarkNode> nodes) throws Exception {
        Path key = directory.resolve("signing-key");
        KeyPair signer = key(key);
        Path signers = Files.writeString(
                directory.resolve("allowed-signers"),
                SIGNER + " namespaces=\"git\" " + PublicKeyEntry.toString(signer.getPublic()) + "\n");
        Path repository = directory.resolve("baseline.git");
        Map<String, Path> roots = new TreeMap<>();
        nodes.forEach(node -> roots.put(node.name(), node.root()));
        new BaselineAuthor(repository, key, "Benchmark", SIGNER).publish(roots, APPROVED, "Approve", Instant.now());
        return Map.of(
                "drawbridge.baseline.url", repository.toUri().toString(),
                "drawbridge.baseline.allowed-signers", signers.toString(),
                "drawbridge.baseline.cache-directory",
                        directory.resolve("baseline-cache").toString());
    }

    private Map<String, Object> ssh(Path directory, Collection<BenchmarkNode> nodes) throws Exception {
        Path key = directory.resolve("client-key");
        KeyPair client = key(key);
        SandboxSshServer server =
                new SandboxSshServer(0, directory.resolve("host-key"), "drawbridge", client.getPublic());
        running.push(server);
        server.start();
        Path knownHosts = Files.writeString(directory.resolve("known-hosts"), server.knownHostsLine() + "\n");
        Map<String, Object> properties = new LinkedHashMap<>();
        properties.put("drawbridge.node.ssh.user", "drawbridge");
        properties.put("drawbridge.node.ssh.private-key", key.toString());
        properties.put("drawbridge.node.ssh.known-hosts", knownHosts.toString());
        for (BenchmarkNode node : nodes) {
            String prefix = "drawbridge.node.endpoints." + node.name() + ".";
            properties.put(prefix + "host", "127.0.0.1");
            properties.put(prefix + "port", server.port());
            properties.put(prefix + "root-prefix", node.root().toString());
        }
        return properties;
    }

    private static KeyPair key(Path file) throws Exception {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(256);
        KeyPair key = generator.generateKeyPair();
        try (OutputStream out = Files.newOutputStream(file)) {
            OpenSSHKeyPairResourceWriter.INSTANCE.writePrivateKey(key, "benchmark", null, out);
        }
        return key;
    }

    /**
     * The one that ships, with a soak so long that an incident becomes quiet behind its verification, which does not wait for a kubelet: there is
     * none here.
     */
    private static Path playbook(Path directory) throws Exception {
        String shipped = Files.readString(Path.of("playbooks/kubernetes-config-tampering.yaml"));
        Path playbooks = Files.createDirectories(directory.resolve("playbooks"));
        Files.writeString(
                playbooks.resolve("kubernetes-config-tampering.yaml"),
                shipped.replace("soak: 30s", "soak: 6h").replace("staticPods: true", "staticPods: false"));
        return playbooks;
    }

    private String show(String setting) {
        return jdbc.sql("show " + setting).query(String.class).single();
    }

    BenchmarkCluster cluster() {
        return cluster;
    }

    JdbcClient jdbc() {
        return jdbc;
    }

    <T> T bean(Class<T> type) {
        return application.getBean(type);
    }

    KubernetesClient client() {
        return bean(KubernetesClient.class);
    }

    String url() {
        return "http://127.0.0.1:" + application.getEnvironment().getRequiredProperty("local.server.port");
    }

    /** Whether what follows a containment goes on at once; else it waits, for good. */
    void followUp(boolean runs) {
        ManagementService jobs = bean(ManagementService.class);
        for (String step : List.of("serviceTask_investigate", "serviceTask_findDrift")) {
            for (JobDefinition definition :
                    jobs.createJobDefinitionQuery().activityIdIn(step).list()) {
                if (runs && definition.isSuspended()) {
                    jobs.activateJobDefinitionById(definition.getId(), false);
                } else if (!runs && !definition.isSuspended()) {
                    jobs.suspendJobDefinitionById(definition.getId(), false);
                }
            }
        }
    }

    /** Waits until no job can run: whatever came of the alerts so far waits for a person or for the soak. */
    void awaitQuiet() {
        Awaitility.await("the engine is quiet")
                .atMost(Duration.ofMinutes(5))
                .pollDelay(Duration.ofMillis(5))
                .pollInterval(Duration.ofMillis(20))
                .until(() -> jdbc.sql("""
                                select count(*) from act_ru_job
                                where retries_ > 0 and suspension_state_ = 1 and (duedate_ is null or duedate_ <= now())""").query(Long.class).single() == 0);
    }

    /** When the intent to change the first file on one of these nodes became durable: before it was changed. */
    Instant firstRestore(Collection<BenchmarkNode> nodes) {
        return Awaitility.await("a file is restored")
                .atMost(Duration.ofMinutes(5))
                .until(
                        () -> jdbc.sql("""
                                        select min(at) from audit_entry where phase = 'INTENT'
                                        and action in ('effect.restore-file', 'effect.quarantine-file') and node in (:nodes)""")
                                .param(
                                        "nodes",
                                        nodes.stream().map(BenchmarkNode::name).toList())
                                .query(OffsetDateTime.class)
                                .optional(),
                        Optional::isPresent)
                .map(OffsetDateTime::toInstant)
                .orElseThrow();
    }

    /** Jobs that were given up: a benchmark of something that failed would be worthless. */
    long failedJobs() {
        return jdbc.sql("select count(*) from act_ru_job where retries_ = 0")
                .query(Long.class)
                .single();
    }

    @Override
    public void close() throws Exception {
        while (!running.isEmpty()) {
            running.pop().close();
        }
        FileSystemUtils.deleteRecursively(directory);
    }
}
