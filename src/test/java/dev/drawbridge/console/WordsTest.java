package dev.drawbridge.console;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drawbridge.containment.Rung;
import dev.drawbridge.incident.IncidentState;
import dev.drawbridge.workflow.TaskKinds;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** A person under stress must be able to read what a button does before pressing it. */
class WordsTest {
    private static final Instant NOW = Instant.parse("2026-01-15T09:16:10Z");

    private final Words words = new Words(Clock.fixed(NOW, ZoneOffset.UTC));

    @Test
    void everyDecisionOfEveryTaskSaysWhatItDoes() {
        for (Map.Entry<String, List<String>> kind : TaskKinds.decisions().entrySet()) {
            for (String decision : kind.getValue()) {
                assertThat(words.decision(kind.getKey(), decision))
                        .as(kind.getKey() + "/" + decision)
                        .isNotEmpty();
            }
        }
    }

    @Test
    void noDecisionIsExplainedThatNobodyIsAsked() {
        assertThat(Words.explained())
                .allSatisfy(entry -> assertThat(TaskKinds.decisions().get(entry.substring(0, entry.indexOf('/'))))
                        .as(entry)
                        .isNotNull()
                        .contains(entry.substring(entry.indexOf('/') + 1)));
    }

    /** A template that passes null would get one of two methods by the order in which the JVM happens to list them. */
    @Test
    void noTwoMethodsForTemplatesHaveTheSameName() {
        assertThat(Words.class.getDeclaredMethods())
                .filteredOn(method -> Modifier.isPublic(method.getModifiers()))
                .extracting(Method::getName)
                .doesNotHaveDuplicates();
    }

    @Test
    void everyStateAndRungIsExplained() {
        for (IncidentState state : IncidentState.values()) {
            assertThat(words.state(state)).as(state.code()).isNotEmpty();
        }
        for (Rung rung : Rung.values()) {
            assertThat(words.stops(rung)).as(rung.code()).isNotEmpty();
            assertThat(words.doesNotStop(rung)).as(rung.code()).isNotEmpty();
        }
    }

    @Test
    void timesAreReadAtAGlance() {
        assertThat(Words.length(Duration.ofSeconds(59))).isEqualTo("59 s");
        assertThat(Words.length(Duration.ofSeconds(61))).isEqualTo("1 min 01 s");
        assertThat(Words.length(Duration.ofMinutes(184))).isEqualTo("3 h 04 min");
        assertThat(Words.length(Duration.ofHours(50))).isEqualTo("2 d 2 h");
        assertThat(Words.length(Duration.ofSeconds(-5))).isEqualTo("0 s");
        assertThat(words.until(NOW.plusSeconds(90))).isEqualTo("due in 1 min 30 s");
        assertThat(words.until(NOW.minusSeconds(90))).isEqualTo("overdue by 1 min 30 s");
        assertThat(words.time(NOW)).isEqualTo("2026-01-15 09:16:10");
    }
}
