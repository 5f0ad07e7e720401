package dev.drawbridge.shared;

import static java.nio.charset.StandardCharsets.UTF_16;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.drawbridge.shared.StaticPodManifest.Reading;
import dev.drawbridge.shared.StaticPodManifest.Reading.NoPod;
import dev.drawbridge.shared.StaticPodManifest.Reading.NotReadable;
import dev.drawbridge.shared.StaticPodManifest.Reading.StaticPod;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StaticPodManifestTest {
    private static Reading read(String text) {
        return StaticPodManifest.read(text.getBytes(UTF_8));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "kind: Pod\nmetadata: {name: a, namespace: b}",
                "{\"kind\": \"Pod\", \"metadata\": {\"name\": \"a\", \"namespace\": \"b\"}}",
                "# a comment\n---\nkind: Pod\nmetadata: {name: a, namespace: b}\n---\nkind: Pod\nmetadata: {name: c}\n",
                "kind: Pod\nmetadata: {name: a, namespace: b}\n---\n{{{",
                "x: &m {name: a, namespace: b}\nkind: Pod\nmetadata: {<<: *m}"
            })
    void readsTheFirstPodOfAFile(String text) {
        assertThat(read(text)).isEqualTo(new StaticPod("b", "a", false));
    }

    @Test
    void aPodWithoutANamespaceIsInTheDefaultOneAsForKubelet() {
        assertThat(read("kind: Pod\nmetadata: {name: a}")).isEqualTo(new StaticPod("default", "a", false));
        assertThat(read("kind: Pod\nmetadata: {name: a, namespace: ''}"))
                .isEqualTo(new StaticPod("default", "a", false));
    }

    @Test
    void noticesAUidThatFixesTheMirror() {
        assertThat(read("kind: Pod\nmetadata: {name: a, uid: forged}")).isEqualTo(new StaticPod("default", "a", true));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "text", "- a", "kind: Service\nmetadata: {name: a}", "metadata: {name: a}", "---\n"})
    void otherThingsAreNoPod(String text) {
        assertThat(read(text)).isInstanceOf(NoPod.class);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "kind: Pod",
                "kind: Pod\nmetadata: name",
                "kind: Pod\nmetadata: {name: 1}",
                "kind: Pod\nmetadata: {name: ../a}",
                "kind: Pod\nmetadata: {name: \"a\\nb\"}",
                "kind: Pod\nmetadata: {name: a, namespace: [b]}",
                "kind: Pod\nmetadata: {name: a, namespace: B}",
                "kind: Pod\nmetadata: {name: a, namespace: b, namespace: c}",
                "kind: Service\nkind: Pod\nmetadata: {name: a}",
                "kind: Pod\n\tmetadata: {",
                "kind: !!javax.script.ScriptEngineManager [!!java.net.URLClassLoader [[]]]",
                "kind: *missing",
                "kind: Pod\nmetadata: {name: a}\nspec: !!int x",
                "kind: Pod\nmetadata: {name: a}\nspec: !!float x",
                "kind: Pod\nmetadata: {name: a}\nspec: !!set x",
                "kind: Pod\nmetadata: {name: a}\nspec: !!set {x}",
                "kind: Pod\nmetadata: {name: a}\nspec: !!map [x]",
                "kind: Pod\nmetadata: {name: a}\nspec: !!seq {b: c}",
                "kind: Pod\nmetadata: {name: a}\nspec: !!binary '***'",
                "kind: Pod\nmetadata: {name: a}\nspec: &a [*a]",
                "kind: Pod\nmetadata: {name: a}\nspec: &a {b: *a}",
                "kind: Pod\nmetadata: {name: a}\n? [x]\n: b",
                "kind: Pod\nmetadata: {name: a}\n1: b\n'1': c",
            })
    void whatKubeletMightStillReadIsNotCalledNoPod(String text) {
        assertThat(read(text)).isInstanceOf(NotReadable.class);
    }

    @Test
    void hostileSizesAndEncodingsAreNotReadable() {
        String bomb =
                "a: &a [x,x,x,x,x,x,x,x,x]\n" + "b: &b [" + "*a,".repeat(30) + "]\nc: [" + "*b,".repeat(30) + "]\n";
        assertThat(read(bomb)).isInstanceOf(NotReadable.class);
        assertThat(read("[".repeat(100_000))).isInstanceOf(NotReadable.class);
        assertThat(read("{a: ".repeat(10_000))).isInstanceOf(NotReadable.class);
        assertThat(StaticPodManifest.read(new byte[StaticPodManifest.MAX_BYTES + 1]))
                .isInstanceOf(NotReadable.class);
        assertThat(StaticPodManifest.read("kind: Pod\nmetadata: {name: a}".getBytes(UTF_16)))
                .isInstanceOf(NotReadable.class);
        assertThat(StaticPodManifest.read(new byte[] {'k', (byte) 0xff})).isInstanceOf(NotReadable.class);
        assertThat(read("a: \u0000")).isInstanceOf(NotReadable.class);
    }

    @Test
    void whatAliasesRepeatCounts() {
        // within the parser's limit of aliases, and a hundred million values when they are followed
        StringBuilder laughs =
                new StringBuilder("kind: Pod\nmetadata: {name: a}\na0: &a0 [" + "x,".repeat(10_000) + "]\n");
        for (int i = 1; i <= 6; i++) {
            laughs.append("a%d: &a%d [*a%d, *a%d, *a%d]\n".formatted(i, i, i - 1, i - 1, i - 1));
        }
        assertThat(read(laughs.toString())).isInstanceOf(NotReadable.class);
    }

    @Test
    void kubeletReadsEveryNameDirectlyInTheDirectoryButThoseWithALeadingDot() {
        for (String name : new String[] {"x.yaml", "x.yaml.bak", "x", "#x.yaml#", "x.yaml~"}) {
            assertThat(StaticPodManifest.readByKubelet(NodePath.of("/etc/kubernetes/manifests/" + name)))
                    .isTrue();
        }
        for (String path : new String[] {
            "/etc/kubernetes/manifests",
            "/etc/kubernetes/manifests/.x.yaml",
            "/etc/kubernetes/manifests/sub/x.yaml",
            "/etc/kubernetes/manifests2/x.yaml",
            "/etc/kubernetes/x.yaml"
        }) {
            assertThat(StaticPodManifest.readByKubelet(NodePath.of(path))).isFalse();
        }
    }
}
