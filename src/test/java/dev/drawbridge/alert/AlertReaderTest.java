package dev.drawbridge.alert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.drawbridge.shared.NodePath;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Random;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AlertReaderTest {
    private static final Instant NOW = SampleAlerts.CLOCK.instant();
    private static final ObjectMapper JSON = new ObjectMapper();

    private final AlertReader reader = new AlertReader(TestIntake.limits());
    private final AlertDecoder elastic = new ElasticDecoder();
    private final AlertDecoder falco = new FalcoDecoder();

    private List<DecodedAlert> read(String body) throws Undecodable {
        return reader.read(body.getBytes(StandardCharsets.UTF_8), elastic, NOW);
    }

    private static Alert good(DecodedAlert decoded) {
        assertThat(decoded).isInstanceOf(DecodedAlert.Good.class);
        return ((DecodedAlert.Good) decoded).alert();
    }

    private static String bad(DecodedAlert decoded) {
        assertThat(decoded).isInstanceOf(DecodedAlert.Bad.class);
        return ((DecodedAlert.Bad) decoded).reason();
    }

    /** The raw document, changed in one way by replacing text. */
    private static String rawDocument(UnaryOperator<String> change) {
        String original = SampleAlerts.read("elastic-raw-document.json");
        String changed = change.apply(original);
        assertThat(changed).isNotEqualTo(original);
        return changed;
    }

    @Test
    void readsEveryFieldOfTheEnvelope() throws Exception {
        Alert alert =
                good(read(SampleAlerts.read("elastic-ca-key-replaced.json")).get(0));

        assertThat(alert.id().value()).startsWith("ca007b2fdf").hasSize(64);
        assertThat(alert.eventTime()).isEqualTo(Instant.parse("2026-01-15T09:14:07.512Z"));
        assertThat(alert.ruleId()).isEqualTo("0fe2290a-2664-4c9c-8263-b88904f12f0d");
        assertThat(alert.severity()).isEqualTo("medium");
        assertThat(alert.host()).isEqualTo("cp-3");
        assertThat(alert.hostAddresses()).containsExactly("127.0.0.1", "10.20.0.13");
        assertThat(alert.agentVerified()).isTrue();
        assertThat(alert.manualRun()).isFalse();
        assertThat(alert.action()).isEqualTo("rename");
        assertThat(alert.path()).isEqualTo("/etc/kubernetes/pki/ca.key");
        assertThat(alert.originalPath()).isEqualTo("/tmp/.x/ca.key");
        assertThat(alert.fileDigest()).hasToString("148c698e936f306aa6c8d0b154d8718bfbd17df407e5e2caa57dfac80752179c");
        assertThat(alert.process().executable()).isEqualTo("/usr/bin/mv");
        assertThat(alert.process().pid()).isEqualTo(41231);
        assertThat(alert.process().ancestry()).hasSize(2);
        assertThat(alert.user().name()).isEqualTo("root");
        assertThat(alert.user().realName()).isEqualTo("deploy");
    }

    @Test
    void readsARawDocumentOfFlatKeysListsOfOneAndNumbersAsText() throws Exception {
        Alert alert = good(read(SampleAlerts.read("elastic-raw-document.json")).get(0));

        assertThat(alert.id().value()).startsWith("ecaa704d76d2");
        assertThat(alert.host()).isEqualTo("worker-3");
        assertThat(alert.path()).isEqualTo("/etc/kubernetes/pki/apiserver.crt");
        assertThat(alert.process().pid()).isEqualTo(41231);
        assertThat(alert.ruleName()).isEqualTo("Kubernetes Sensitive Configuration File Activity");
    }

    @Test
    void readsAListOfDocuments() throws Exception {
        String document = SampleAlerts.read("elastic-raw-document.json");
        assertThat(read("[" + document + "," + document + "]")).hasSize(2);
    }

    @Test
    void takesAnEmptyListForNoAlerts() throws Exception {
        assertThat(read("{\"alerts\":[]}")).isEmpty();
    }

    @Test
    void readsTheFormBeforeVersion8() throws Exception {
        Alert alert = good(read("""
                {"_id":"a1","@timestamp":"2026-01-15T09:20:00Z","host":{"name":"cp-1"},"file":{"path":"/etc/kubernetes/x.conf"},
                 "signal":{"original_time":"2026-01-15T09:14:00.000+00:00","rule":{"rule_id":"r","name":"n","severity":"high"}}}""").get(0));
        assertThat(alert.id().value()).isEqualTo("a1");
        assertThat(alert.ruleId()).isEqualTo("r");
        assertThat(alert.severity()).isEqualTo("high");
        assertThat(alert.eventTime()).isEqualTo(Instant.parse("2026-01-15T09:14:00Z"));
    }

    @ParameterizedTest
    @CsvSource({
        "'{\"kibana.alert\":{\"original_time\":\"2026-01-15T09:14:00Z\"}}', 2026-01-15T09:14:00Z",
        "'{\"event\":{\"created\":\"2026-01-15T09:14:00Z\"},\"@timestamp\":\"2026-01-15T10:00:00Z\"}', 2026-01-15T09:14:00Z",
        "'{\"event.created\":\"1768468440000\"}', 2026-01-15T09:14:00Z",
        "'{\"@timestamp\":[1768468440000]}', 2026-01-15T09:14:00Z",
        "'{\"@timestamp\":\"2026-01-15T10:14:00.123456789+01:00\"}', 2026-01-15T09:14:00.123456Z",
    })
    void takesTheTimeOfTheFileEventWhereItIs(String body, Instant expected) throws Exception {
        assertThat(good(read(body).get(0)).eventTime()).isEqualTo(expected);
    }

    @Test
    void identifiesADocumentWithoutIdsByItsContent() throws Exception {
        String one = "{\"@timestamp\":\"2026-01-15T09:14:00Z\",\"host.name\":\"a\"}";
        String other = "{\"@timestamp\":\"2026-01-15T09:14:00Z\",\"host.name\":\"b\"}";
        assertThat(good(read(one).get(0)).id())
                .isEqualTo(good(read(one + "\n").get(0)).id());
        assertThat(good(read(one).get(0)).id())
                .isNotEqualTo(good(read(other).get(0)).id());
    }

    @Test
    void makesAnIdOfStrangeCharactersHarmless() throws Exception {
        Alert alert = good(read(rawDocument(text -> text.replace("ecaa704d76d29689", "../../<script>")))
                .get(0));
        assertThat(alert.id().value()).matches("[0-9a-f]{64}");
    }

    @ParameterizedTest
    @ValueSource(strings = {"mismatch", "missing", "auth_metadata_missing", ""})
    void takesAnAgentForVerifiedOnlyWhenBothFieldsSaySo(String status) throws Exception {
        String document = rawDocument(text ->
                text.replaceFirst("\"agent_id_status\": \"verified\"", "\"agent_id_status\": \"" + status + "\""));
        // the one that is empty counts as absent, the other one still says verified
        assertThat(good(read(document).get(0)).agentVerified()).isEqualTo(status.isEmpty());
    }

    @Test
    void doesNotTrustADocumentWithoutTheFieldOfTheIngestPipeline() throws Exception {
        String document = rawDocument(text -> text.replace("\"agent_id_status\"", "\"other\""));
        assertThat(good(read(document).get(0)).agentVerified()).isFalse();
    }

    @Test
    void refusesTwoHostsInOneAlertWhereverTheyStand() throws Exception {
        assertThat(bad(envelope(
                        rawDocument(text -> text.replace("\"agent\": {", "\"host.name\": \"cp-1\", \"agent\": {")))))
                .contains("host.name");
        assertThat(bad(envelope(rawDocument(text -> text.replace("\"worker-3\"\n    ]", "\"worker-3\", \"cp-1\"]")))))
                .contains("host.name");
        assertThat(bad(envelope(rawDocument(text -> text.replaceFirst("\"host\": \\{", "\"host\": {}, \"host\": {")))))
                .contains("twice");
    }

    private DecodedAlert envelope(String document) throws Undecodable {
        return read("{\"alerts\":[" + document + "]}").get(0);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "null",
                "1",
                "\"text\"",
                "[]",
                "{}",
                "{\"kibana.alert.uuid\":\"x\"}",
                "{\"@timestamp\":\"yesterday\"}",
                "{\"@timestamp\":\"-999999999-01-01T00:00:00Z\"}",
                "{\"@timestamp\":\"2026-01-15T09:14:00Z\",\"file\":{\"path\":\"/etc/kubernetes/a\\u0000b\"}}",
                "{\"@timestamp\":\"2026-01-15T09:14:00Z\",\"file\":{\"path\":\"/etc/kubernetes/\\ud800\"}}",
            })
    void refusesOneBadAlertAndKeepsTheGoodOnesBesideIt(String bad) throws Exception {
        String good = SampleAlerts.read("elastic-raw-document.json");
        List<DecodedAlert> alerts = read("{\"alerts\":[" + good + "," + bad + "," + good + "]}");
        assertThat(alerts).hasSize(3);
        good(alerts.get(0));
        assertThat(bad(alerts.get(1))).isNotBlank();
        good(alerts.get(2));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "error rendering mustache template",
                "{",
                "[",
                "{\"alerts\":[",
                "{\"alerts\":[]} x",
                "1",
                "null",
                "\"x\"",
                "{}",
                "{\"alerts\":\"none\"}",
                "{\"alerts\":[],\"alerts\":[]}",
                "{\"alerts\":[{]}",
                "{'a':1}",
            })
    void refusesABodyThatHoldsNoAlerts(String body) {
        assertThatThrownBy(() -> read(body)).isInstanceOf(Undecodable.class);
    }

    @Test
    void refusesOtherEncodings() {
        byte[] utf16 = "{\"alerts\":[]}".getBytes(StandardCharsets.UTF_16LE);
        byte[] latin = "{\"a\":\"ü\"}".getBytes(StandardCharsets.ISO_8859_1);
        assertThatThrownBy(() -> reader.read(utf16, elastic, NOW)).isInstanceOf(Undecodable.class);
        assertThatThrownBy(() -> reader.read(latin, elastic, NOW)).isInstanceOf(Undecodable.class);
    }

    @Test
    void neverRepeatsWhatWasSentInItsMessage() {
        assertThatThrownBy(() -> read("{\"alerts\":[<script>alert(1)</script>]}"))
                .isInstanceOf(Undecodable.class)
                .hasMessageNotContaining("script")
                .hasMessageContaining("line 1, column");
    }

    @Test
    void boundsDepthStringsNumbersNamesAndCounts() {
        assertThatThrownBy(() -> read("[".repeat(100_000))).isInstanceOf(Undecodable.class);
        assertThatThrownBy(() -> read("{\"a\":".repeat(41) + "1" + "}".repeat(41)))
                .isInstanceOf(Undecodable.class);
        assertThatThrownBy(() -> read("{\"a\":\"" + "x".repeat(1_000_001) + "\"}"))
                .isInstanceOf(Undecodable.class);
        assertThatThrownBy(() -> read("{\"a\":" + "9".repeat(101) + "}")).isInstanceOf(Undecodable.class);
        assertThatThrownBy(() -> read("{\"" + "n".repeat(1025) + "\":1}")).isInstanceOf(Undecodable.class);
        assertThatThrownBy(() -> read("[" + "{},".repeat(1000) + "{}]"))
                .isInstanceOf(Undecodable.class)
                .hasMessageContaining("1000 alerts");
    }

    @Test
    void anAlertOfTooManyValuesIsRefusedAloneAndInBoundedMemory() throws Exception {
        String huge = "{\"@timestamp\":\"2026-01-15T09:14:00Z\",\"x\":[" + "{\"a\":[]},".repeat(700_000) + "1]}";
        assertThat(huge.length()).isGreaterThan(6_000_000);
        List<DecodedAlert> alerts =
                read("{\"alerts\":[" + huge + "," + SampleAlerts.read("elastic-raw-document.json") + "]}");
        assertThat(bad(alerts.get(0))).contains("more values");
        assertThat(alerts.get(0).raw().length()).isLessThanOrEqualTo(65_536);
        good(alerts.get(1));
    }

    @Test
    void cutsAndCleansTextButKeepsThePathAsClaimed() throws Exception {
        ObjectNode document = (ObjectNode) JSON.readTree(SampleAlerts.read("elastic-raw-document.json"));
        ((ObjectNode) document.get("process")).put("command_line", "a\u0000b\u202Ec\u001B[31m\n" + "x".repeat(100_000));
        ((ObjectNode) document.get("file")).put("path", "/etc/kubernetes/pki/a\nb");
        Alert alert = good(read(document.toString()).get(0));

        assertThat(alert.process().commandLine()).hasSize(4095).startsWith("a\uFFFDb\uFFFDc\uFFFD[31m\uFFFDx");
        assertThat(alert.path()).isEqualTo("/etc/kubernetes/pki/a\nb");
        assertThat(alert.normalisedPath().map(NodePath::toString)).hasValue("/etc/kubernetes/pki/a\\x0ab");
    }

    @Test
    void keepsTheAlertsOwnTextAsAsciiJson() throws Exception {
        ObjectNode document = (ObjectNode) JSON.readTree(SampleAlerts.read("elastic-raw-document.json"));
        document.put("note", "ü\u0000\u2028");
        String raw = read(document.toString()).get(0).raw();
        assertThat(raw).isASCII().contains("\\u00FC\\u0000\\u2028");
        assertThat(JSON.readTree(raw)).isEqualTo(document);
    }

    @Test
    void readsFalcosOwnOutputAndThatOfItsSidekick() throws Exception {
        String sidekick = SampleAlerts.read("falco-write-below-etc.json");
        Alert alert = good(reader.read(sidekick.getBytes(StandardCharsets.UTF_8), falco, NOW)
                .get(0));
        assertThat(alert.id().value()).isEqualTo("9b0e1e53-5a0d-4b42-8a3c-8d6a1b0f7711");
        assertThat(alert.ruleId()).isEqualTo("Write below etc");
        assertThat(alert.severity()).isEqualTo("high");
        assertThat(alert.path()).isEqualTo("/etc/kubernetes/manifests/metrics-agent.yaml");
        assertThat(alert.eventTime()).isEqualTo(Instant.parse("2026-01-15T09:14:07.512345Z"));
        assertThat(alert.process().commandLine()).startsWith("cp /tmp/m.yaml");

        byte[] direct = sidekick.replaceFirst("  \"uuid\": [^\n]*\n", "").getBytes(StandardCharsets.UTF_8);
        Alert first = good(reader.read(direct, falco, NOW).get(0));
        Alert again = good(reader.read(direct, falco, NOW.plusSeconds(60)).get(0));
        assertThat(first.id()).isEqualTo(again.id()).isNotEqualTo(alert.id());
        byte[] otherHost = new String(direct, StandardCharsets.UTF_8)
                .replace("worker-1", "worker-2")
                .getBytes(StandardCharsets.UTF_8);
        assertThat(good(reader.read(otherHost, falco, NOW).get(0)).id()).isNotEqualTo(first.id());
    }

    /** Whatever JSON arrives, and whatever becomes of good JSON on the way: decoded, refused alone, or undecodable. */
    @Test
    void neverFailsOtherwiseThanByRefusing() throws Exception {
        Random random = new Random(20260115);
        List<JsonNode> samples = List.of(
                JSON.readTree(SampleAlerts.read("elastic-raw-document.json")),
                JSON.readTree(SampleAlerts.read("elastic-admin-conf-two-rules.json")),
                JSON.readTree(SampleAlerts.read("falco-write-below-etc.json")));
        int decoded = 0;
        for (int i = 0; i < 6000; i++) {
            byte[] body;
            if (i % 3 == 0) {
                body = randomJson(random, 6).toString().getBytes(StandardCharsets.UTF_8);
            } else {
                JsonNode mutated = samples.get(random.nextInt(samples.size())).deepCopy();
                for (int changes = random.nextInt(4); changes >= 0; changes--) {
                    mutate(mutated, random);
                }
                body = mutated.toString().getBytes(StandardCharsets.UTF_8);
                if (i % 3 == 2) {
                    body[random.nextInt(body.length)] = (byte) random.nextInt();
                }
            }
            try {
                for (DecodedAlert one : reader.read(body, i % 2 == 0 ? elastic : falco, NOW)) {
                    decoded++;
                    assertThat(one.raw().length()).isLessThanOrEqualTo(65_536);
                    if (one instanceof DecodedAlert.Good good) {
                        assertBounded(good.alert());
                    }
                }
            } catch (Undecodable expected) {
                assertThat(expected.getMessage()).hasSizeLessThan(500);
            }
        }
        assertThat(decoded).isGreaterThan(1000);
    }

    private static void assertBounded(Alert alert) {
        assertThat(alert.host().length()).isLessThanOrEqualTo(512);
        assertThat(alert.path().length()).isLessThanOrEqualTo(4095);
        assertThat(alert.hostAddresses()).hasSizeLessThanOrEqualTo(64);
        assertThat(alert.process().ancestry()).hasSizeLessThanOrEqualTo(64);
        assertThat(alert.ruleId().length()).isLessThanOrEqualTo(512);
    }

    private static void mutate(JsonNode root, Random random) {
        JsonNode at = root;
        while (at.isContainerNode() && at.size() > 0 && random.nextInt(4) > 0) {
            List<JsonNode> children = new java.util.ArrayList<>();
            at.elements().forEachRemaining(children::add);
            JsonNode child = children.get(random.nextInt(children.size()));
            if (!child.isContainerNode()) {
                break;
            }
            at = child;
        }
        if (at instanceof ObjectNode object && object.size() > 0) {
            List<String> names = new java.util.ArrayList<>();
            object.fieldNames().forEachRemaining(names::add);
            String name = names.get(random.nextInt(names.size()));
            switch (random.nextInt(4)) {
                case 0 -> object.remove(name);
                case 1 -> object.set(name, randomJson(random, 3));
                case 2 -> object.set(name, JSON.createArrayNode().add(object.get(name)));
                default -> object.set(randomText(random), object.get(name));
            }
        } else if (at instanceof ArrayNode array) {
            array.add(randomJson(random, 3));
        }
    }

    private static JsonNode randomJson(Random random, int depth) {
        switch (random.nextInt(depth <= 0 ? 6 : 8)) {
            case 0 -> {
                return JSON.getNodeFactory().nullNode();
            }
            case 1 -> {
                return JSON.getNodeFactory().booleanNode(random.nextBoolean());
            }
            case 2 -> {
                return JSON.getNodeFactory().numberNode(random.nextLong());
            }
            case 3 -> {
                return JSON.getNodeFactory()
                        .numberNode(new java.math.BigDecimal("1E" + (random.nextInt(2_000_000) - 1_000_000)));
            }
            case 4, 5 -> {
                return JSON.getNodeFactory().textNode(randomText(random));
            }
            case 6 -> {
                ArrayNode array = JSON.createArrayNode();
                for (int i = random.nextInt(5); i > 0; i--) {
                    array.add(randomJson(random, depth - 1));
                }
                return array;
            }
            default -> {
                ObjectNode object = JSON.createObjectNode();
                for (int i = random.nextInt(6); i > 0; i--) {
                    object.set(randomText(random), randomJson(random, depth - 1));
                }
                return object;
            }
        }
    }

    private static String randomText(Random random) {
        List<String> words = List.of(
                "alerts",
                "kibana.alert.uuid",
                "kibana",
                "alert",
                "host",
                "host.name",
                "name",
                "file",
                "path",
                "@timestamp",
                "2026-01-15T09:14:00Z",
                "/etc/kubernetes/pki/ca.key",
                "time",
                "rule",
                "output_fields",
                "fd.name",
                "uuid",
                "event",
                "created",
                "process.pid",
                "signal",
                "_id",
                "",
                "\u0000",
                "\uD800",
                "\u202E",
                "../../..",
                "1E9");
        return random.nextInt(5) > 0
                ? words.get(random.nextInt(words.size()))
                : random.ints(random.nextInt(20), 0, 0x10FFFF)
                        .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                        .toString();
    }
}
