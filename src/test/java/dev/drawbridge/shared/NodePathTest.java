package dev.drawbridge.shared;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NodePathTest {

    @ParameterizedTest
    @CsvSource({
        "/etc/kubernetes/pki/ca.key,/etc/kubernetes/pki/ca.key",
        "//etc///kubernetes/./pki/,/etc/kubernetes/pki",
        "/etc/kubernetes/manifests/../../shadow,/etc/shadow",
        "/../../../etc/passwd,/etc/passwd",
        "/..,/",
    })
    void normalisesWithoutEverClimbingAboveTheRoot(String claimed, String normalised) {
        assertThat(NodePath.normalise(claimed)).contains(NodePath.of(normalised));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "etc/kubernetes", "C:\\x", "~/x", " /etc"})
    void knowsNoRelativePaths(String claimed) {
        assertThat(NodePath.normalise(claimed)).isEmpty();
    }

    @Test
    void refusesNulAndOverlongNames() {
        assertThat(NodePath.normalise("/etc/a\0b")).isEmpty();
        assertThat(NodePath.normalise("/" + "x".repeat(256))).isEmpty();
        assertThat(NodePath.normalise("/x".repeat(3000))).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"/etc//x", "/etc/../x", "/etc/./x", "/etc/", "etc", ""})
    void isNeverBuiltFromAnythingButANormalisedPath(String text) {
        assertThatThrownBy(() -> NodePath.of(text)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void showsHostileNamesEscapedAndReadsThemBack() {
        byte[] raw = "/etc/a\nb\u202e\\'\" ü".getBytes(StandardCharsets.UTF_8);
        NodePath path = NodePath.ofBytes(raw);
        assertThat(path).hasToString("/etc/a\\x0ab\\xe2\\x80\\xae\\x5c'\" ü");
        assertThat(NodePath.parse(path.toString())).isEqualTo(path);
        assertThat(NodePath.ofBytes(new byte[] {'/', (byte) 0xff, (byte) 0xc3})).hasToString("/\\xff\\xc3");
    }

    @Test
    void everyByteSequenceSurvivesTheRoundTrip() {
        Random random = new Random(20261124);
        for (int i = 0; i < 5_000; i++) {
            byte[] name = new byte[1 + random.nextInt(40)];
            random.nextBytes(name);
            for (int at = 0; at < name.length; at++) {
                if (name[at] == 0 || name[at] == '/') {
                    name[at] = 'x';
                }
            }
            byte[] raw = new byte[name.length + 2];
            raw[0] = '/';
            raw[1] = 'n';
            System.arraycopy(name, 0, raw, 2, name.length);
            NodePath path = NodePath.ofBytes(raw);
            assertThat(path.toBytes()).isEqualTo(raw);
            assertThat(NodePath.parse(path.toString())).isEqualTo(path);
            assertThat(path.toString().chars()).noneMatch(Character::isISOControl);
        }
    }

    @Test
    void liesWithinADirectoryOnlyAtComponentBoundaries() {
        NodePath manifests = NodePath.of("/etc/kubernetes/manifests");
        assertThat(NodePath.of("/etc/kubernetes/manifests/x").isWithin(manifests))
                .isTrue();
        assertThat(NodePath.of("/etc/kubernetes/manifests-old/x").isWithin(manifests))
                .isFalse();
        assertThat(manifests.isWithin(NodePath.of("/"))).isTrue();
        assertThat(manifests.parent()).isEqualTo(NodePath.of("/etc/kubernetes"));
        assertThat(NodePath.of("/").parent()).isEqualTo(NodePath.of("/"));
        assertThat(NodePath.of("/").resolve("etc")).isEqualTo(NodePath.of("/etc"));
    }
}
