package dev.drawbridge.workflow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.camunda.bpm.dmn.feel.impl.FeelEngine;
import org.camunda.bpm.dmn.feel.impl.FeelException;
import org.camunda.bpm.engine.variable.Variables;
import org.camunda.bpm.engine.variable.context.VariableContext;
import org.junit.jupiter.api.Test;

class ParsedOnceTest {
    private final FeelEngine feel = ParsedOnce.factory().createInstance();

    private static VariableContext context(String name, Object value) {
        return Variables.fromMap(Map.of(name, value)).asVariableContext();
    }

    @Test
    void whatWasParsedOnceIsEvaluatedWithWhatItMeetsEachTime() {
        assertThat(feel.evaluateSimpleUnaryTests("> 5", "given", context("given", 7)))
                .isTrue();
        assertThat(feel.evaluateSimpleUnaryTests("> 5", "given", context("given", 3)))
                .isFalse();
        assertThat((Object) feel.evaluateSimpleExpression("given + \"!\"", context("given", "a")))
                .isEqualTo("a!");
        assertThat((Object) feel.evaluateSimpleExpression("given + \"!\"", context("given", "b")))
                .isEqualTo("b!");
    }

    @Test
    void theSameTextIsOneThingAsATestAndAnotherAsAnExpression() {
        assertThat(feel.evaluateSimpleUnaryTests("true", "given", context("given", false)))
                .isFalse();
        assertThat((Object) feel.evaluateSimpleExpression("true", context("given", false)))
                .isEqualTo(true);
    }

    @Test
    void whatCannotBeParsedFailsEachTime() {
        for (int i = 0; i < 2; i++) {
            assertThatThrownBy(() -> feel.evaluateSimpleExpression("1 +", context("given", 1)))
                    .isInstanceOf(FeelException.class);
        }
    }
}
