package dev.drawbridge.guardrail;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.drawbridge.guardrail.EtcdMembers.Answer;
import dev.drawbridge.guardrail.EtcdMembers.Member;
import dev.drawbridge.sandbox.TestAuthority;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Three members of a real etcd on loopback, with the certificates that kubeadm would make; of any version from 3.4. */
class RealEtcdTest {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    @TempDir
    private Path directory;

    private final List<Process> processes = new ArrayList<>();
    private final List<Integer> ports = new ArrayList<>();
    private EtcdMembers members;

    private static Optional<Path> etcd() {
        return Stream.of((System.getenv("PATH") + ":/usr/sbin").split(File.pathSeparator))
                .map(place -> Path.of(place, "etcd"))
                .filter(Files::isExecutable)
                .findFirst();
    }

    @BeforeEach
    void start() throws Exception {
        assumeTrue(etcd().isPresent(), "skipped: needs etcd (apt-get install etcd-server)");
        TestAuthority authority = new TestAuthority(directory);
        authority.issue("server");
        authority.issue("client");
        List<ServerSocket> reserved = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            reserved.add(new ServerSocket(0, 1, InetAddress.getLoopbackAddress()));
        }
        for (ServerSocket socket : reserved) {
            ports.add(socket.getLocalPort());
            socket.close();
        }
        for (int i = 1; i <= 3; i++) {
            processes.add(member(i));
        }
        members = new EtcdMembers(new EtcdProperties(
                IntStream.rangeClosed(1, 3)
                        .mapToObj(this::client)
                        .map(URI::create)
                        .toList(),
                authority.certificate("ca"),
                authority.certificate("client"),
                authority.key("client"),
                Duration.ofSeconds(5)));
    }

    private String client(int member) {
        return "https://127.0.0.1:" + ports.get(member - 1);
    }

    private String peer(int member) {
        return "http://127.0.0.1:" + ports.get(member + 2);
    }

    private Process member(int n) throws IOException {
        ProcessBuilder etcd = new ProcessBuilder(
                        etcd().orElseThrow().toString(),
                        "--name=cp-" + n,
                        "--data-dir=" + directory.resolve("data-" + n),
                        "--listen-client-urls=" + client(n),
                        "--advertise-client-urls=" + client(n),
                        "--listen-peer-urls=" + peer(n),
                        "--initial-advertise-peer-urls=" + peer(n),
                        "--initial-cluster="
                                + IntStream.rangeClosed(1, 3)
                                        .mapToObj(each -> "cp-" + each + "=" + peer(each))
                                        .collect(Collectors.joining(",")),
                        "--client-cert-auth",
                        "--trusted-ca-file=" + directory.resolve("ca.crt"),
                        "--cert-file=" + directory.resolve("server.crt"),
                        "--key-file=" + directory.resolve("server.key"),
                        "--unsafe-no-fsync")
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("log-" + n).toFile());
        return etcd.start();
    }

    @AfterEach
    void stop() throws Exception {
        for (Process process : processes) {
            process.destroyForcibly();
            process.waitFor(10, TimeUnit.SECONDS);
        }
    }

    private long healthy() {
        return members.ask() instanceof Answer.Voters voters
                ? voters.members().stream().filter(Member::healthy).count()
                : 0;
    }

    @Test
    void saysWhoVotesAndWhoIsHealthyUntilTheQuorumIsLost() {
        await().atMost(PATIENCE).until(() -> healthy() == 3);
        assertThat(((Answer.Voters) members.ask()).members())
                .extracting(Member::name)
                .containsExactlyInAnyOrder("cp-1", "cp-2", "cp-3");
        assertThat(((Answer.Voters) members.ask()).members())
                .allSatisfy(member -> assertThat(member.peers()).containsExactly("127.0.0.1"));
        processes.get(2).destroyForcibly();
        await().atMost(PATIENCE).until(() -> healthy() == 2);
        assertThat(((Answer.Voters) members.ask()).members())
                .as("it is ill, and still a voter")
                .hasSize(3);
        processes.get(1).destroyForcibly();
        await().atMost(PATIENCE).until(() -> members.ask() instanceof Answer.NotKnown);
    }
}
