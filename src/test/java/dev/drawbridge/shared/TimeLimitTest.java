package dev.drawbridge.shared;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class TimeLimitTest {
    private static final Duration HOUR = Duration.ofHours(1);
    private static final Duration MINUTE = Duration.ofMinutes(1);

    @Test
    void withoutALimitEverybodyHasTheirOwn() {
        assertThat(TimeLimit.atMost(HOUR)).isEqualTo(HOUR);
        TimeLimit.require(HOUR);
    }

    @Test
    void theShorterOneCounts() throws Exception {
        Duration waited = TimeLimit.within(MINUTE, () -> TimeLimit.atMost(HOUR));
        assertThat(waited).isBetween(Duration.ofSeconds(50), MINUTE);
        assertThat(TimeLimit.within(HOUR, () -> TimeLimit.atMost(MINUTE))).isEqualTo(MINUTE);
    }

    @Test
    void nothingIsBegunWhenNothingOrTooLittleIsLeft() {
        assertThatThrownBy(() -> TimeLimit.within(Duration.ofSeconds(-1), () -> TimeLimit.atMost(HOUR)))
                .isInstanceOf(TimeLimitException.class);
        assertThatThrownBy(() -> TimeLimit.within(MINUTE, () -> {
                    TimeLimit.require(HOUR);
                    return "begun";
                }))
                .isInstanceOf(TimeLimitException.class);
    }

    @Test
    void anInnerLimitNeverLengthensTheOuterOneAndEndsWithItsWork() throws Exception {
        TimeLimit.within(MINUTE, () -> {
            assertThat(TimeLimit.<Duration>within(HOUR, () -> TimeLimit.atMost(HOUR)))
                    .isLessThanOrEqualTo(MINUTE);
            assertThatThrownBy(() -> TimeLimit.within(Duration.ZERO, () -> TimeLimit.atMost(HOUR)))
                    .isInstanceOf(TimeLimitException.class);
            assertThat(TimeLimit.atMost(HOUR)).isPositive();
            return true;
        });
        assertThat(TimeLimit.atMost(HOUR)).isEqualTo(HOUR);
    }
}
