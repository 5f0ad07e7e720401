package dev.drawbridge.verification;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

class CheckTextTest {
    @Test
    void textIsCutWithoutSplittingACharacter() {
        String found = CheckText.passed("n", "e", "a" + "\ud83d\ude00".repeat(1500), "p")
                .found();
        assertThat(found).hasSizeLessThanOrEqualTo(CheckText.MAX_LENGTH).endsWith("\ude00…");
        assertThat(CheckText.passed("n", "e", "b" + found.substring(1), "p").found())
                .hasSize(found.length());
    }

    @Test
    void invisibleCharactersAreWrittenOutAndLineEndsKept() {
        assertThat(CheckText.failed("n", "e", "a\nb\u0000\u001b[31m\u202e\u2028\ud800\r", "p")
                        .found())
                .isEqualTo("a\nb\\u0000\\u001b[31m\\u202e\\u2028\\ud800\\u000d");
    }

    @Test
    void aListNeverCutsAnItemInTheMiddleAndSaysHowManyAreLeftOut() {
        assertThat(CheckText.list(List.of())).isEmpty();
        assertThat(CheckText.list(Collections.nCopies(50, "x"))).doesNotContain("more");
        assertThat(CheckText.list(Collections.nCopies(51, "x"))).endsWith("\nand 1 more");
        String list = CheckText.list(Collections.nCopies(30, "/" + "x".repeat(199)));
        assertThat(list).hasSizeLessThanOrEqualTo(CheckText.MAX_LENGTH).endsWith("\nand 21 more");
        assertThat(CheckText.list(List.of("/" + "x".repeat(4000)))).hasSize(1000);
    }

    @Test
    void aReasonIsOneShortLineWithoutCredentials() {
        assertThat(CheckText.reason(new IllegalStateException("clone of https://user:pass@git.example/x\nfailed")))
                .isEqualTo("IllegalStateException: clone of https://git.example/x failed");
        assertThat(CheckText.reason(new IllegalStateException("x".repeat(5000))))
                .hasSize(300);
        assertThat(CheckText.reason(new IllegalStateException())).isEqualTo("IllegalStateException: no message");
    }
}
