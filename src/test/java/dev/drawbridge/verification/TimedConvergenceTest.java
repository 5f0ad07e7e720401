package dev.drawbridge.verification;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class TimedConvergenceTest {
    private static Convergence.Turns within(Duration time) {
        return new TimedConvergence(new VerificationProperties(time)).begin();
    }

    @Test
    void withoutTimeNobodyWaits() {
        assertThat(within(Duration.ZERO).next()).isFalse();
    }

    @Test
    void theTimeEnds() {
        Convergence.Turns turns = within(Duration.ofMillis(30));
        assertThat(turns.next()).isTrue();
        assertThat(turns.next()).isFalse();
    }

    @Test
    void anInterruptEndsTheVerificationInsteadOfTheWait() {
        Convergence.Turns turns = within(Duration.ofSeconds(30));
        Thread.currentThread().interrupt();
        assertThatThrownBy(turns::next).isInstanceOf(IllegalStateException.class);
        assertThat(Thread.interrupted())
                .as("whoever runs the job still sees it")
                .isTrue();
    }

    @Test
    void aWaitThatOutlivesTheJobsLockStopsTheStart() {
        for (String time : new String[] {"PT-1S", "PT60.001S", "PT10M"}) {
            assertThatThrownBy(() -> new VerificationProperties(Duration.parse(time)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("drawbridge.verification.static-pod-wait");
        }
    }
}
