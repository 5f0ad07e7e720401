package dev.drawbridge.guardrail;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsParameters;
import com.sun.net.httpserver.HttpsServer;
import dev.drawbridge.guardrail.EtcdVoters.Look;
import dev.drawbridge.guardrail.EtcdVoters.Voter;
import dev.drawbridge.sandbox.TestAuthority;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.TestDatabase;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.ssl.pem.PemSslStoreBundle;
import org.springframework.boot.ssl.pem.PemSslStoreDetails;

/** What is believed of who votes, from endpoints that say anything; the real etcd speaks in {@link RealEtcdTest}. */
class EtcdVotersTest {
    /** Nobody here waits for it but the tests of silence. */
    private static final Duration TIMEOUT = Duration.ofSeconds(10);

    private final List<FakeEtcd> etcd = new ArrayList<>();
    private final List<ClusterNodes.Member> nodes = new ArrayList<>();

    @AfterEach
    void close() {
        etcd.forEach(FakeEtcd::close);
    }

    private void cluster(String... names) throws Exception {
        for (int i = 1; i <= names.length; i++) {
            node(names[i - 1], true, true, "10.0.0." + i);
            etcd.add(FakeEtcd.start(FakeEtcd.list(i, names)));
        }
    }

    private void node(String name, boolean controlPlane, boolean ready, String address) {
        nodes.add(new ClusterNodes.Member(NodeName.of(name), controlPlane, ready, Map.of(), Set.of(address, name)));
    }

    private static EtcdProperties properties(Duration timeout, URI... endpoints) {
        return new EtcdProperties(List.of(endpoints), null, null, null, timeout);
    }

    private Look look(EtcdProperties properties) {
        EtcdPods nobodyAsks = () -> {
            throw new AssertionError("etcd's word is enough");
        };
        return new EtcdVoters(() -> Optional.of(nodes), nobodyAsks, new EtcdMembers(properties)).look();
    }

    private Look look() {
        return look(properties(TIMEOUT, etcd.stream().map(FakeEtcd::address).toArray(URI[]::new)));
    }

    private Map<String, String> voters() {
        Look look = look();
        assertThat(look).isInstanceOf(Look.Known.class);
        return ((Look.Known) look)
                .voters().stream()
                        .collect(java.util.stream.Collectors.toMap(
                                voter -> voter.node().value(),
                                (Voter voter) -> voter.ill().orElse("healthy")));
    }

    private String unknown() {
        Look look = look();
        assertThat(look).isInstanceOf(Look.Unknown.class);
        return ((Look.Unknown) look).why();
    }

    @Test
    void everyMemberThatAnswersIsAHealthyVoter() throws Exception {
        cluster("cp-1", "cp-2", "cp-3");
        assertThat(voters()).isEqualTo(Map.of("cp-1", "healthy", "cp-2", "healthy", "cp-3", "healthy"));
        assertThat(etcd.get(0).asked)
                .as("first the health, so that the list is not older than a read through a quorum")
                .containsExactly("GET /health", "POST /v3/cluster/member/list");
    }

    /** As a cluster whose API server is down shows itself. */
    private ClusterNodes silent() {
        return new ClusterNodes() {
            @Override
            public Optional<List<Member>> members() {
                return Optional.of(nodes);
            }

            @Override
            public boolean answers() {
                return false;
            }

            @Override
            public Optional<List<Member>> lastSeen() {
                return Optional.of(nodes.stream()
                        .map(node ->
                                new Member(node.node(), node.controlPlane(), false, node.labels(), node.addresses()))
                        .toList());
            }
        };
    }

    private EtcdVoters withoutApiServer() {
        EtcdPods down = () -> {
            throw new AssertionError("the API server is down");
        };
        return new EtcdVoters(
                silent(),
                down,
                new EtcdMembers(
                        properties(TIMEOUT, etcd.stream().map(FakeEtcd::address).toArray(URI[]::new))));
    }

    @Test
    void whileNoApiServerAnswersEtcdItselfSaysWhoVotesAndNobodyIsKnownToBeReady() throws Exception {
        cluster("cp-1", "cp-2", "cp-3");
        Look look = withoutApiServer().look();
        assertThat(look.nodesKnown()).isFalse();
        assertThat(look).isInstanceOfSatisfying(Look.Known.class, known -> {
            assertThat(known.voters()).hasSize(3).allMatch(Voter::healthy);
            assertThat(known.controlPlane()).doesNotContainValue(true);
            assertThat(known.basis()).contains("while the API server does not answer");
        });
        nodes.remove(2);
        assertThat(withoutApiServer().look())
                .as("a voter that joined since nobody looked")
                .isInstanceOfSatisfying(
                        Look.Unknown.class, unknown -> assertThat(unknown.why()).contains("etcd's member 'cp-3'"));
        etcd.forEach(FakeEtcd::close);
        assertThat(withoutApiServer().look()).isInstanceOf(Look.Unknown.class);
    }

    @Test
    void whileNoApiServerAnswersEtcdsManifestIsRestoredOnlyAsEtcdItselfAllows() throws Exception {
        cluster("cp-1", "cp-2", "cp-3");
        try (TestDatabase database = TestDatabase.h2()) {
            NodeName one = NodeName.of("cp-1");
            IncidentId incident = IncidentId.of("i-1");
            ContainedNodes contained = TestGate.contained(database);
            contained.reserve(incident, one, false);
            EffectGate gate = TestGate.ruled(database, new EtcdQuorum(withoutApiServer(), contained));
            Effect etcdOfOne = restore(incident, one);
            assertThat(gate.perform(restore(IncidentId.of("i-2"), NodeName.of("cp-2")), permit -> "done"))
                    .as("of a node that is not contained")
                    .isInstanceOf(EffectResult.NotAllowed.class);
            assertThat(gate.perform(etcdOfOne, permit -> "done")).isInstanceOf(EffectResult.Done.class);
            assertThat(gate.perform(
                            new Effect(Actor.SYSTEM, incident, one, Effect.Kind.CONTAIN, "taint", "[]"),
                            permit -> "done"))
                    .as("nothing is isolated")
                    .isInstanceOf(EffectResult.NotAllowed.class);
            etcd.get(1).close();
            assertThat(gate.perform(etcdOfOne, permit -> "done"))
                    .as("one of the others is ill")
                    .isInstanceOf(EffectResult.NotAllowed.class);
        }
    }

    private static Effect restore(IncidentId incident, NodeName node) {
        return new Effect(
                Actor.SYSTEM, incident, node, Effect.Kind.RESTORE_FILE, "/etc/kubernetes/manifests/etcd.yaml", "[]");
    }

    @Test
    void aLearnerIsNoVoter() throws Exception {
        cluster("cp-1", "cp-2", "cp-3", "learner-4");
        assertThat(voters()).containsOnlyKeys("cp-1", "cp-2", "cp-3");
    }

    @Test
    void aMemberThatSaysItIsIllOrDoesNotAnswerIsAVoterThatIsNotHealthy() throws Exception {
        cluster("cp-1", "cp-2", "cp-3");
        etcd.get(1).health = "{\"health\":\"false\",\"reason\":\"ALARM NOSPACE\"}";
        etcd.remove(2).close();
        assertThat(voters())
                .containsEntry("cp-1", "healthy")
                .containsEntry("cp-2", "no endpoint of it answers as healthy")
                .containsEntry("cp-3", "no endpoint of it answers as healthy");
        assertThat(etcd.get(1).asked).as("its list is not asked for").containsExactly("GET /health");
    }

    @Test
    void aHealthyMemberOnANodeThatIsNotReadyIsNotHealthy() throws Exception {
        cluster("cp-1", "cp-2", "cp-3");
        nodes.remove(2);
        node("cp-3", true, false, "10.0.0.3");
        assertThat(voters()).containsEntry("cp-3", "its node is not ready").containsEntry("cp-1", "healthy");
    }

    @Test
    void oneThatWasAddedAndNeverStartedIsFoundByItsPeerAddressAndIsNotHealthy() throws Exception {
        cluster("cp-1", "cp-2", "cp-3");
        for (int i = 1; i <= 2; i++) {
            etcd.get(i - 1).members = FakeEtcd.list(i, "cp-1", "cp-2", "");
        }
        etcd.remove(2).close();
        assertThat(voters()).containsEntry("cp-3", "no endpoint of it answers as healthy");
    }

    @Test
    void aMemberWithAnotherNameIsFoundByItsPeerAddress() throws Exception {
        cluster("cp-1", "cp-2");
        for (int i = 1; i <= 2; i++) {
            etcd.get(i - 1).members = FakeEtcd.list(i, "default", "cp-2");
        }
        assertThat(voters()).containsOnlyKeys("cp-1", "cp-2");
    }

    @Test
    void whoIsNoNodeOrTwoIsNotKnown() throws Exception {
        cluster("cp-1", "cp-2");
        nodes.remove(1);
        assertThat(unknown())
                .isEqualTo("etcd's member 'cp-2' at [10.0.0.2] is no node of the cluster by name and peer address");
        node("cp-2", true, true, "10.0.0.9");
        node("worker-1", false, true, "10.0.0.2");
        assertThat(unknown()).contains("is more than one node");
    }

    @Test
    void membersThatDoNotAgreeAreNotKnown() throws Exception {
        cluster("cp-1", "cp-2", "cp-3");
        etcd.get(1).members = FakeEtcd.list(2, "cp-1", "cp-2");
        assertThat(unknown()).contains("do not agree");
        etcd.get(1).members = FakeEtcd.list(2, "cp-1", "cp-2", "cp-3").replace("\"7\"", "\"8\"");
        assertThat(unknown()).contains("more than one etcd cluster");
    }

    @Test
    void whenNobodyIsHealthyNothingIsKnown() throws Exception {
        cluster("cp-1", "cp-2");
        etcd.get(0).status = 503;
        etcd.get(1).close();
        assertThat(unknown())
                .startsWith("no endpoint of etcd is healthy: 127.0.0.1:"
                        + etcd.get(0).port() + " (status 503), ");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "no JSON",
                "[]",
                "null",
                "{}",
                "{\"header\":{\"cluster_id\":\"7\",\"member_id\":\"1\"},\"members\":[]}",
                "{\"header\":{\"cluster_id\":\"7\"},\"members\":[{\"ID\":\"1\",\"name\":\"cp-1\"}]}",
                "{\"header\":{\"cluster_id\":\"7\",\"member_id\":\"1\"},\"members\":[{\"name\":\"cp-1\"}]}",
                "{\"header\":{\"cluster_id\":\"7\",\"member_id\":\"1\"},\"members\":[{\"ID\":\"1\",\"peerURLs\":[\"a b\"]}]}"
            })
    void whatIsNoListOfMembersIsNotKnown(String answer) throws Exception {
        cluster("cp-1");
        etcd.get(0).members = answer;
        assertThat(unknown()).contains("no endpoint of etcd is healthy");
    }

    @Test
    void anAnswerWithoutEndIsNotRead() throws Exception {
        cluster("cp-1");
        etcd.get(0).health = " ".repeat(300_000) + etcd.get(0).health;
        assertThat(unknown()).contains("the answer is too long");
    }

    @Test
    void whoSaysNothingIsNotWaitedForLongerThanTheTimeout() throws Exception {
        cluster("cp-1");
        etcd.get(0).health = "";
        assertThat(look(properties(Duration.ofMillis(200), etcd.get(0).address())))
                .isInstanceOfSatisfying(
                        Look.Unknown.class, look -> assertThat(look.why()).contains("no answer within 200 ms"));
        etcd.get(0).health = "{\"health\":\"true\"}";
        etcd.get(0).members = "";
        assertThat(look(properties(Duration.ofMillis(200), etcd.get(0).address())))
                .isInstanceOfSatisfying(
                        Look.Unknown.class, look -> assertThat(look.why()).contains("no answer within 200 ms"));
    }

    @Test
    void oneSilentEndpointDoesNotHideTheOthers() throws Exception {
        cluster("cp-1", "cp-2", "cp-3");
        etcd.get(0).health = "";
        Look look = look(properties(
                Duration.ofSeconds(1), etcd.stream().map(FakeEtcd::address).toArray(URI[]::new)));
        assertThat(look)
                .isInstanceOfSatisfying(
                        Look.Known.class,
                        known -> assertThat(known.voters().stream().filter(Voter::healthy))
                                .hasSize(2));
    }

    @Test
    void withoutNodesNothingIsKnown() {
        EtcdMembers none = new EtcdMembers(properties(TIMEOUT));
        assertThat(new EtcdVoters(Optional::empty, List::of, none).look()).isInstanceOf(Look.Unknown.class);
    }

    private static SSLContext context(TestAuthority authority, String name) {
        return SslBundle.of(new PemSslStoreBundle(
                        PemSslStoreDetails.forCertificate(
                                        authority.certificate(name).toUri().toString())
                                .withPrivateKey(authority.key(name).toUri().toString()),
                        PemSslStoreDetails.forCertificate(
                                authority.certificate("ca").toUri().toString())))
                .createSslContext();
    }

    @Test
    void whoServesIsVerifiedAndOurCertificateIsShownAlsoWhenItIsRenewed(@TempDir Path ours, @TempDir Path theirs)
            throws Exception {
        TestAuthority authority = new TestAuthority(theirs);
        authority.issue("server");
        authority.issue("client");
        TestAuthority other = new TestAuthority(ours);
        other.issue("client");
        HttpsServer server = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setHttpsConfigurator(new HttpsConfigurator(context(authority, "server")) {
            @Override
            public void configure(HttpsParameters parameters) {
                SSLParameters asked = getSSLContext().getDefaultSSLParameters();
                asked.setNeedClientAuth(true);
                parameters.setSSLParameters(asked);
            }
        });
        etcd.add(new FakeEtcd(server, FakeEtcd.list(1, "cp-1")));
        node("cp-1", true, true, "10.0.0.1");
        EtcdMembers members = new EtcdMembers(new EtcdProperties(
                List.of(URI.create("https://127.0.0.1:" + etcd.get(0).port())),
                other.certificate("ca"),
                other.certificate("client"),
                other.key("client"),
                TIMEOUT));
        assertThat(members.ask()).as("another authority").isInstanceOf(EtcdMembers.Answer.NotKnown.class);
        assertThat(etcd.get(0).asked).isEmpty();

        int later = 60;
        for (String file : List.of("ca.crt", "client.crt", "client.key")) {
            Files.copy(theirs.resolve(file), ours.resolve(file), java.nio.file.StandardCopyOption.REPLACE_EXISTING);
            Files.setLastModifiedTime(
                    ours.resolve(file),
                    FileTime.from(Files.getLastModifiedTime(theirs.resolve(file))
                            .toInstant()
                            .plusSeconds(later++)));
        }
        assertThat(members.ask()).isInstanceOf(EtcdMembers.Answer.Voters.class);
        Files.delete(ours.resolve("client.key"));
        assertThat(members.ask())
                .isInstanceOfSatisfying(
                        EtcdMembers.Answer.NotKnown.class,
                        gone -> assertThat(gone.why()).contains("client.key"));
    }

    @Test
    void settingsThatCannotBeUsedStopTheStart(@TempDir Path directory) throws Exception {
        Path nonsense = Files.writeString(directory.resolve("ca.crt"), "nonsense");
        List<URI> endpoint = List.of(URI.create("https://127.0.0.1:2379"));
        for (Path file : Stream.of(nonsense, directory.resolve("missing")).toList()) {
            EtcdProperties unusable = new EtcdProperties(endpoint, file, null, null, TIMEOUT);
            assertThatThrownBy(() -> new EtcdMembers(unusable)).isInstanceOf(IllegalStateException.class);
        }
        assertThatThrownBy(() -> new EtcdProperties(endpoint, null, nonsense, null, TIMEOUT))
                .hasMessageContaining("without each other");
        assertThatThrownBy(() -> new EtcdProperties(List.of(), nonsense, null, null, TIMEOUT))
                .hasMessageContaining("endpoints are missing");
    }

    @ParameterizedTest
    @CsvSource({
        "https://10.0.0.1:2379, ''",
        "http://127.0.0.1:2379/, ''",
        "http://10.0.0.1:2379, must be https",
        "https://10.0.0.1, neither",
        "localhost:2379, neither",
        "https://10.0.0.1:2379/v3, neither",
        "https://root:secret@10.0.0.1:2379, no credentials"
    })
    void anEndpointIsAnAddressAndNothingElse(String endpoint, String refusal) {
        if (refusal.isEmpty()) {
            assertThat(properties(TIMEOUT, URI.create(endpoint)).endpoints()).hasSize(1);
        } else {
            assertThatThrownBy(() -> properties(TIMEOUT, URI.create(endpoint)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining(refusal)
                    .hasMessageNotContaining("secret");
        }
    }
}
