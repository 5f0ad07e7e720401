package dev.drawbridge.recovery;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drawbridge.node.NodeScan;
import dev.drawbridge.node.ScannedFile;
import dev.drawbridge.node.ScannedFiles;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.NodePath;
import dev.drawbridge.web.TestClock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Looks that are kept hold files open: who takes one closes it, and nothing else stays open for longer than it is good for. */
class RecentLooksTest {
    private final TestClock clock = new TestClock();
    private final RecentLooks looks = new RecentLooks(clock);
    private final List<String> closed = new ArrayList<>();

    private void keep(String plan) {
        ScannedFiles files = new ScannedFiles() {
            @Override
            public Iterator<ScannedFile> iterator() {
                return Collections.emptyIterator();
            }

            @Override
            public void close() {
                closed.add(plan);
            }
        };
        looks.keep(
                Digest.ofText(plan),
                new NodeScan(
                        NodeName.of("node-1"),
                        clock.instant(),
                        List.of(NodePath.of("/etc/kubernetes")),
                        files,
                        Map.of(),
                        Map.of()));
    }

    @Test
    void aLookIsTakenOnceAndIsClosedByWhoTookIt() {
        keep("a");
        assertThat(looks.take(Digest.ofText("a"))).isPresent();
        assertThat(looks.take(Digest.ofText("a"))).isEmpty();
        clock.forward(Duration.ofHours(1));
        looks.forgetStale();
        assertThat(closed).isEmpty();
    }

    @Test
    void aLookThatNobodyTakesIsClosedWhenItIsTooOld() {
        keep("a");
        clock.forward(Duration.ofSeconds(30));
        keep("b");
        looks.forgetStale();
        assertThat(closed).isEmpty();
        clock.forward(Duration.ofSeconds(31));
        looks.forgetStale();
        assertThat(closed).containsExactly("a");
        assertThat(looks.take(Digest.ofText("b"))).isPresent();
    }

    @Test
    void keepingAndTakingCloseWhatIsTooOldAsWell() {
        keep("a");
        clock.forward(Duration.ofSeconds(61));
        keep("b");
        assertThat(closed).containsExactly("a");
        clock.forward(Duration.ofSeconds(61));
        assertThat(looks.take(Digest.ofText("b"))).isEmpty();
        assertThat(closed).containsExactly("a", "b");
    }

    @Test
    void theOldestOfTooManyAndTheOtherOneOfTheSamePlanAreClosed() {
        for (String plan : List.of("a", "b", "c", "d")) {
            keep(plan);
        }
        keep("b");
        assertThat(closed).containsExactly("b");
        keep("e");
        assertThat(closed).containsExactly("b", "a");
    }
}
