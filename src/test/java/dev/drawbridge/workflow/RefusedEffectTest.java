package dev.drawbridge.workflow;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drawbridge.guardrail.Effect;
import org.junit.jupiter.api.Test;

/** What is kept between a refusal and the answer of two people. */
class RefusedEffectTest {
    @Test
    void isReadBackAsItWas() {
        RefusedEffect refused =
                new RefusedEffect(Effect.Kind.QUARANTINE_FILE, "/etc/kubernetes/a,b \\x0a c", "pause,storm", true);
        assertThat(RefusedEffect.of(refused.text())).contains(refused);
    }

    @Test
    void nothingIsNone() {
        assertThat(RefusedEffect.of(null)).isEmpty();
        assertThat(RefusedEffect.of("")).isEmpty();
    }

    @Test
    void aPathThatCannotBeKeptWholeCannotBeAgreedTo() {
        RefusedEffect refused =
                new RefusedEffect(Effect.Kind.RESTORE_FILE, "/etc/kubernetes/" + "x".repeat(3900), "pause", true);
        assertThat(refused.text()).hasSizeLessThan(4000);
        assertThat(RefusedEffect.of(refused.text()))
                .contains(new RefusedEffect(Effect.Kind.RESTORE_FILE, "a path of 3916 characters", "pause", false));
    }
}
