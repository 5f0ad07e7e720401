package dev.drawbridge.node.shell;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drawbridge.node.NodeAccessException;
import dev.drawbridge.node.NodeProcesses.Snapshot;
import dev.drawbridge.shared.NodePath;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whoever owns the node writes what is read here. */
class ProcessOutputTest {
    private static final List<NodePath> WATCHED = List.of(NodePath.of("/etc/kubernetes"));

    private static Snapshot.Seen read(String text) {
        ProcessOutput output = new ProcessOutput("", WATCHED);
        byte[] bytes = text.replace('|', '\0').getBytes(ISO_8859_1);
        output.write(bytes, 0, bytes.length);
        return output.seen();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "S|1|",
                "S|1|END",
                "X|",
                "C|/etc/kubernetes|END|",
                "F|/etc/kubernetes/a|END|",
                "P|a|1|0|1|n|e|g|c|END|",
                "P|-1|1|0|1|n|e|g|c|END|",
                "S|9223372036854775807|P|1|1|0|9223372036854775807|n|e|c|END|",
                "END|END|"
            })
    void aForgedListIsRefused(String text) {
        assertThatThrownBy(() -> read(text)).isInstanceOf(NodeAccessException.class);
    }

    @Test
    void aListIsBounded() {
        assertThatThrownBy(() -> read("P|1|1|0|1|" + "n".repeat(10_000))).isInstanceOf(NodeAccessException.class);
        assertThat(read("M|END|").gaps()).contains("there are more processes than these");
        ProcessOutput output = new ProcessOutput("", WATCHED);
        byte[] one = ("P|1|1|0|1|n|e|g|" + "\1".repeat(4000) + "|")
                .replace('|', '\0')
                .getBytes(ISO_8859_1);
        for (int i = 0; i < 6_000; i++) {
            output.write(one, 0, one.length);
        }
        output.write("END\0".getBytes(ISO_8859_1), 0, 4);
        assertThat(output.seen().gaps()).contains("there are more processes than these");
        assertThat(output.seen().processes()).hasSizeLessThan(5_000);
    }

    @Test
    void aCommandLineThatWasCutSaysSo() {
        assertThat(read("P|1|1|0|1|n|e|g|" + "y".repeat(4096) + "|END|")
                        .processes()
                        .get(0)
                        .commandLine())
                .endsWith("yyy...");
    }
}
