package dev.drawbridge.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.drawbridge.containment.Right;
import dev.drawbridge.sandbox.SandboxApiServer;
import dev.drawbridge.sandbox.SandboxKubelet;
import io.fabric8.kubernetes.api.model.Node;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.springframework.security.crypto.bcrypt.BCryptPasswordEncoder;
import org.yaml.snakeyaml.Yaml;

/**
 * What an operator has outside the sandbox: PostgreSQL with durable commits, a cluster behind a kubeconfig, a node behind OpenSSH, a
 * baseline in a Git remote that is reached by SSH for reading only. Keys and baseline are made by the README's own commands.
 */
final class Site implements AutoCloseable {
    static final String NODE = "worker-1";

    /** Further nodes of the cluster, and where the cluster says they are; nothing answers there. */
    static final Map<String, String> OTHERS = new TreeMap<>(Map.of(
            "worker-2", "10.20.0.22", "worker-3", "10.20.0.23", "worker-4", "10.20.0.24", "worker-5", "10.20.0.25"));

    private static final Path SSHD = Path.of("/usr/sbin/sshd");
    private static final Path README = Path.of("README.md");
    private static final Path COMPOSE = Path.of("docker/compose.yaml");

    private final Path home;
    private final boolean etckeeper;
    private final Deque<AutoCloseable> running = new ArrayDeque<>();
    private final EmbeddedPostgres database;
    private final SandboxApiServer cluster;
    private final ApiRecorder recorder;
    private final int sshPort;
    private final String user = System.getProperty("user.name");
    final Path root;
    final Path secrets;

    private Site(Path home, boolean etckeeper) throws Exception {
        this.home = home;
        this.etckeeper = etckeeper;
        this.root = Files.createDirectories(home.resolve("root"));
        this.secrets = Files.createDirectories(home.resolve("secrets"));
        database = EmbeddedPostgres.builder()
                .setServerConfig("fsync", "on")
                .setServerConfig("synchronous_commit", "on")
                .start();
        running.push(database);
        List<Node> nodes = new ArrayList<>(List.of(SandboxApiServer.node(NODE, false, "10.20.0.21")));
        OTHERS.forEach((name, address) -> nodes.add(SandboxApiServer.node(name, false, address)));
        cluster = new SandboxApiServer(0, null, nodes);
        running.push(cluster);
        recorder = new ApiRecorder(cluster.port());
        running.push(recorder);
        node();
        SandboxKubelet kubelet =
                new SandboxKubelet(cluster, Map.of(NODE, root.resolve("etc/kubernetes/manifests")), Clock.systemUTC());
        running.push(kubelet);
        kubelet.start();
        readme("ProductionIT: keys", Map.of());
        sshPort = sshd();
        kubeconfig();
        people();
        baseline();
    }

    /** Skips the test, saying what to install, when the machine has not what it needs. */
    static Site open(Path home) throws Exception {
        assumeTrue(
                Files.isExecutable(SSHD),
                "skipped: needs OpenSSH's server, ssh and ssh-keygen (apt-get install openssh-server openssh-client git)");
        return new Site(home, false);
    }

    /** The node's {@code /etc} is going to be kept by etckeeper, in a repository of its own; {@link #walk} does it. */
    static Site withEtckeeper(Path home) throws Exception {
        assumeTrue(
                Files.isExecutable(SSHD) && Files.isExecutable(Path.of("/usr/bin/etckeeper")),
                "skipped: needs OpenSSH and etckeeper (apt-get install openssh-server openssh-client git etckeeper)");
        return new Site(home, true);
    }

    // ---- the node

    private void node() throws IOException {
        put("etc/kubernetes/kubelet.conf", "apiVersion: v1\nkind: Config\ncurrent-context: default\n");
        put("etc/kubernetes/pki/ca.crt", "-----BEGIN CERTIFICATE-----\nthe authority\n-----END CERTIFICATE-----\n");
        put("etc/kubernetes/manifests/api-proxy.yaml", """
                apiVersion: v1
                kind: Pod
                metadata:
                  name: api-proxy
                  namespace: kube-system
                spec:
                  hostNetwork: true
                  containers:
                  - name: haproxy
                    image: registry.example.internal/haproxy:3.0
                """);
        Files.copy(Path.of("/etc/passwd"), root.resolve("etc/passwd"));
        Files.copy(Path.of("/etc/group"), root.resolve("etc/group"));
    }

    void put(String path, String content) throws IOException {
        Path file = root.resolve(path);
        Files.createDirectories(file.getParent());
        Files.writeString(file, content);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    }

    Map<String, String> files() throws IOException {
        Path kubernetes = root.resolve("etc/kubernetes");
        Map<String, String> files = new TreeMap<>();
        try (Stream<Path> walk = Files.walk(kubernetes)) {
            for (Path file : walk.filter(Files::isRegularFile)
                    .filter(file -> !file.startsWith(kubernetes.resolve(".drawbridge")))
                    .toList()) {
                files.put(
                        kubernetes.relativize(file).toString(),
                        Files.readString(file) + PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
            }
        }
        return files;
    }

    /**
     * Every key has a forced command that notes whose it is. The second file that is written is held: until {@link #lose} the
     * node neither does it nor answers, and after that it is as if the command had never arrived.
     */
    private Path nodeShell() throws IOException {
        Path script = Files.writeString(home.resolve("node-shell"), """
                #!/bin/sh
                cd '%s' || exit 1
                case $SSH_ORIGINAL_COMMAND in
                  *"' write '"*)
                    if ! mkdir first-write 2>/dev/null && [ ! -e lost ]; then
                      echo "$1" >held.new && mv held.new held
                      i=0
                      while [ ! -e lost ] && [ "$i" -lt 600 ]; do sleep 0.1; i=$((i+1)); done
                      exit 75
                    fi ;;
                esac
                cd / && exec sh -c "$SSH_ORIGINAL_COMMAND"
                """.formatted(home));
        Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-xr-x"));
        return script;
    }

    /** Which instance's write the node holds, as soon as it does. */
    String awaitHeld() {
        return Awaitility.await("a write that the node holds")
                .atMost(Duration.ofSeconds(90))
                .pollInterval(Duration.ofMillis(50))
                .until(
                        () -> Files.exists(home.resolve("held"))
                                ? Files.readString(home.resolve("held")).strip()
                                : "",
                        name -> !name.isEmpty());
    }

    void lose() throws IOException {
        Files.writeString(home.resolve("lost"), "");
    }

    private int sshd() throws Exception {
        if (user.equals("root")) {
            Files.createDirectories(Path.of("/run/sshd"));
        }
        sh(
                "ssh-keygen -q -t ed25519 -N '' -f host-key && ssh-keygen -q -t ed25519 -N '' -f operator-key"
                        + " && ssh-keygen -q -t ed25519 -N '' -f node-ssh-key-b",
                Map.of());
        Path shell = nodeShell();
        Files.writeString(
                home.resolve("authorized_keys"),
                "restrict,command=\"" + shell + " a\" " + publicKey("secrets/node-ssh-key")
                        + "restrict,command=\"" + shell + " b\" " + publicKey("node-ssh-key-b")
                        + "restrict,command=\"git-upload-pack '" + repository() + "'\" "
                        + publicKey("secrets/baseline-ssh-key")
                        + publicKey("operator-key"));
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        Files.writeString(
                home.resolve("sshd_config"),
                String.join(
                        "\n",
                        "ListenAddress 127.0.0.1",
                        "Port " + port,
                        "HostKey " + home.resolve("host-key"),
                        "AuthorizedKeysFile " + home.resolve("authorized_keys"),
                        "PidFile none",
                        "StrictModes no",
                        "UsePAM no",
                        "PasswordAuthentication no",
                        "PermitRootLogin prohibit-password",
                        // what the person who runs the tests has in the start file of a shell is no part of the node
                        "SetEnv HOME=" + home,
                        ""));
        Process sshd = new ProcessBuilder(
                        SSHD.toString(),
                        "-D",
                        "-e",
                        "-f",
                        home.resolve("sshd_config").toString())
                .redirectErrorStream(true)
                .redirectOutput(home.resolve("sshd.log").toFile())
                .start();
        running.push(sshd::destroy);
        Awaitility.await("sshd").atMost(Duration.ofSeconds(20)).until(() -> !sshd.isAlive() || listens(port));
        assertThat(sshd.isAlive()).as("%s", home.resolve("sshd.log")).isTrue();
        Files.writeString(secrets.resolve("known-hosts"), "[127.0.0.1]:" + port + " " + publicKey("host-key"));
        Files.writeString(home.resolve("ssh_config"), """
                Host node
                  HostName 127.0.0.1
                  Port %d
                  User %s
                  IdentityFile %s
                  IdentitiesOnly yes
                  UserKnownHostsFile %s
                """.formatted(
                        port, user, home.resolve("operator-key"), secrets.resolve("known-hosts")));
        return port;
    }

    private static boolean listens(int port) {
        try (Socket probe = new Socket(InetAddress.getLoopbackAddress(), port)) {
            return probe.isConnected();
        } catch (IOException notYet) {
            return false;
        }
    }

    private String publicKey(String name) throws IOException {
        return Files.readString(home.resolve(name + ".pub"));
    }

    // ---- the cluster

    private void kubeconfig() throws IOException {
        Files.writeString(secrets.resolve("kubeconfig"), """
                apiVersion: v1
                kind: Config
                clusters:
                - name: production
                  cluster:
                    server: http://127.0.0.1:%d
                users:
                - name: drawbridge
                  user:
                    token: not-a-real-token
                contexts:
                - name: drawbridge@production
                  context:
                    cluster: production
                    user: drawbridge
                current-context: drawbridge@production
                """.formatted(recorder.port()));
    }

    Node clusterNode() {
        return clusterNode(NODE);
    }

    Node clusterNode(String name) {
        return cluster.client().nodes().withName(name).get();
    }

    void cordonAsSomebodyElse() {
        cluster.client().nodes().withName(NODE).edit(node -> {
            node.getSpec().setUnschedulable(true);
            return node;
        });
    }

    /** What the application asked the API server for. */
    Set<Right> asked() {
        return recorder.asked();
    }

    // ---- what is configured

    private void people() throws IOException {
        Files.writeString(secrets.resolve("alert-token"), PackagedApplication.PASSWORD);
        // as compose.yaml has it: the directory keeps others out, the container's user must read them
        for (String name :
                List.of("node-ssh-key", "baseline-ssh-key", "known-hosts", "allowed-signers", "alert-token")) {
            Files.setPosixFilePermissions(secrets.resolve(name), PosixFilePermissions.fromString("r--r--r--"));
        }
        Files.createDirectories(secrets.resolve("spring"));
        Files.writeString(secrets.resolve("spring/spring.datasource.password"), "postgres");
        Path playbooks = Files.createDirectories(home.resolve("playbooks"));
        Files.writeString(
                playbooks.resolve("kubernetes-config-tampering.yaml"),
                Files.readString(Path.of("playbooks/kubernetes-config-tampering.yaml"))
                        .replace("soak: 30s", "soak: 2s"));
        String hash = "{bcrypt}" + new BCryptPasswordEncoder(4).encode(PackagedApplication.PASSWORD);
        Path configuration = Files.createDirectories(home.resolve("configuration"));
        Files.writeString(configuration.resolve("application.yaml"), """
                drawbridge:
                  node:
                    ssh:
                      user: %1$s
                    endpoints:
                      %2$s:
                        host: 127.0.0.1
                        port: %3$d
                        root-prefix: %4$s
                %10$s
                  baseline:
                    url: ssh://%1$s@127.0.0.1:%3$d%5$s
                    layout: %8$s
                    ref: %9$s
                  guardrail:
                    dry-run: false
                  playbook:
                    directory: %6$s
                  verification:
                    static-pod-wait: 10s
                  access:
                    users:
                      responder:
                        password-hash: "%7$s"
                        groups: [responders, security-operations]
                      approver:
                        password-hash: "%7$s"
                        groups: [approvers, responders]
                      auditor:
                        password-hash: "%7$s"
                        groups: [auditors]
                camunda.bpm.job-execution.lock-time-in-millis: 30000
                """.formatted(
                        user,
                        NODE,
                        sshPort,
                        root,
                        etckeeper ? home.resolve("{node}.git") : repository(),
                        playbooks,
                        hash,
                        etckeeper ? "etckeeper" : "overlay",
                        etckeeper ? "refs/tags/baseline/{node}" : "refs/tags/baseline",
                        OTHERS.keySet().stream()
                                .map("      %s: {host: 127.0.0.1, port: 1}"::formatted)
                                .collect(Collectors.joining("\n"))));
    }

    /**
     * The environment of compose.yaml, with this site's values in the place of the container's: a name there that means
     * nothing to the application cannot stay unnoticed.
     */
    Map<String, String> environment(String instance) throws IOException {
        Map<String, String> values = new LinkedHashMap<>();
        values.put("SPRING_CONFIG_IMPORT", "configtree:" + mounted("spring") + "/");
        values.put("SPRING_CONFIG_ADDITIONAL_LOCATION", "file:" + home.resolve("configuration") + "/");
        values.put("SPRING_DATASOURCE_URL", "jdbc:postgresql://localhost:" + database.getPort() + "/postgres");
        values.put("SPRING_DATASOURCE_USERNAME", "postgres");
        values.put("DRAWBRIDGE_ACCESS_ALERT_TOKEN_FILE", secret("alert-token"));
        values.put("DRAWBRIDGE_KUBERNETES_KUBECONFIG", secret("kubeconfig"));
        values.put(
                "DRAWBRIDGE_NODE_SSH_PRIVATE_KEY",
                instance.equals("a")
                        ? secret("node-ssh-key")
                        : home.resolve("node-ssh-key-b").toString());
        values.put("DRAWBRIDGE_NODE_SSH_KNOWN_HOSTS", secret("known-hosts"));
        values.put("DRAWBRIDGE_BASELINE_PRIVATE_KEY", secret("baseline-ssh-key"));
        values.put("DRAWBRIDGE_BASELINE_KNOWN_HOSTS", secret("known-hosts"));
        values.put("DRAWBRIDGE_BASELINE_ALLOWED_SIGNERS", secret("allowed-signers"));
        values.put("DRAWBRIDGE_WORKFLOW_INSTANCE", instance);
        Map<String, Map<String, Map<String, Object>>> compose = new Yaml().load(Files.readString(COMPOSE));
        assertThat(((Map<?, ?>) compose.get("services").get("drawbridge").get("environment")).keySet())
                .as("the environment in %s", COMPOSE)
                .isEqualTo(values.keySet());
        // set by the image; evidence is shared by all instances, each has its own copy of the baseline
        values.put("DRAWBRIDGE_EVIDENCE_DIRECTORY", home.resolve("evidence").toString());
        values.put(
                "DRAWBRIDGE_BASELINE_CACHE_DIRECTORY",
                home.resolve("baseline-" + instance).toString());
        return values;
    }

    private String secret(String name) throws IOException {
        return mounted("").resolve(name).toString();
    }

    /** Files as a kubelet mounts a Secret: links to links, which a rotation replaces. For compose they are plain files. */
    private Path mounted(String directory) throws IOException {
        Path source = secrets.resolve(directory);
        Path mount = home.resolve("mounted-" + directory);
        if (!Files.exists(mount)) {
            Files.createDirectories(mount);
            Files.createSymbolicLink(mount.resolve("..2026_01_15"), source);
            Files.createSymbolicLink(mount.resolve("..data"), Path.of("..2026_01_15"));
            try (Stream<Path> files = Files.list(source)) {
                for (Path file : files.filter(Files::isRegularFile).toList()) {
                    Files.createSymbolicLink(
                            mount.resolve(file.getFileName()), Path.of("..data").resolve(file.getFileName()));
                }
            }
        }
        return mount;
    }

    // ---- the baseline

    private Path repository() {
        return home.resolve((etckeeper ? NODE : "baseline") + ".git");
    }

    private void baseline() throws Exception {
        sh("git init -q --bare -b main " + repository(), Map.of());
        if (!etckeeper) {
            readme("ProductionIT: baseline", operator());
        }
    }

    /** What the README has a person set first. */
    private Map<String, String> operator() {
        return Map.of(
                "NODE",
                NODE,
                "ROOT",
                root.toString(),
                "ETC",
                root.resolve("etc").toString(),
                "SSH",
                "ssh -F " + home.resolve("ssh_config") + " node",
                "REMOTE",
                repository().toString());
    }

    /** Runs the README's commands of one step of the walk-through, with the jar that was packaged; what they printed. */
    String walk(String step) throws Exception {
        Map<String, String> environment = new LinkedHashMap<>(environment("a"));
        environment.putAll(operator());
        environment.put(
                "DRAWBRIDGE",
                Path.of(System.getProperty("java.home"), "bin", "java") + " -XX:TieredStopAtLevel=1 -jar "
                        + System.getProperty("drawbridge.jar"));
        return readme("WalkthroughIT: " + step, environment);
    }

    /** Runs the commands that the README shows under a mark, in this site's directory. */
    private String readme(String mark, Map<String, String> environment) throws Exception {
        Matcher block = Pattern.compile("<!-- proven by " + mark + " -->\\s*```sh\\n(.*?)```", Pattern.DOTALL)
                .matcher(Files.readString(README));
        assertThat(block.find()).as("commands for " + mark + " in " + README).isTrue();
        return sh(block.group(1), environment);
    }

    private String sh(String commands, Map<String, String> environment) throws Exception {
        ProcessBuilder shell = new ProcessBuilder("sh", "-eu", "-c", commands)
                .directory(home.toFile())
                .redirectErrorStream(true)
                .redirectInput(ProcessBuilder.Redirect.from(new java.io.File("/dev/null")));
        shell.environment().put("HOME", home.toString());
        shell.environment().put("GIT_CONFIG_NOSYSTEM", "1");
        shell.environment().putAll(environment);
        Process process = shell.start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(120, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as(commands + "\n" + said).isZero();
        return said;
    }

    @Override
    public void close() throws Exception {
        while (!running.isEmpty()) {
            running.pop().close();
        }
    }
}
