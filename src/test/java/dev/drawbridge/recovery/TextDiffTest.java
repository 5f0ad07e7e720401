package dev.drawbridge.recovery;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.drawbridge.recovery.FileComparison.Text;
import dev.drawbridge.recovery.FileComparison.TextStatus;
import dev.drawbridge.shared.KeyMaterial;
import java.util.Base64;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TextDiffTest {
    private static Text diff(String onNode, String approved) {
        return TextDiff.of(onNode.getBytes(UTF_8), approved.getBytes(UTF_8), 1000);
    }

    @Test
    void showsWhatRestoringWouldChangeWithItsSurroundings() {
        assertThat(diff("a\nb\nc\nevil\nd\ne\nf\ng\n", "a\nb\nc\ngood\nd\ne\nf\ng\n"))
                .isEqualTo(new Text(
                        TextStatus.SHOWN,
                        "",
                        java.util.List.of(
                                "--- on the node",
                                "+++ baseline",
                                "@@ -1,7 +1,7 @@",
                                " a",
                                " b",
                                " c",
                                "-evil",
                                "+good",
                                " d",
                                " e",
                                " f")));
    }

    @Test
    void aFileThatIsMissingOrUnexpectedIsAllOneSide() {
        assertThat(diff("", "a\nb\n").lines()).endsWith("+a", "+b");
        assertThat(diff("a\nb\n", "").lines()).endsWith("-a", "-b");
    }

    @Test
    void theSameTextIsSaidToBe() {
        assertThat(diff("a\n", "a\n").status()).isEqualTo(TextStatus.SAME);
    }

    @Test
    void lineEndsAreDifferencesToo() {
        assertThat(diff("a\r\n", "a\n").lines()).endsWith("-a\\u{d}", "+a");
        assertThat(diff("a", "a\n").lines()).endsWith("-a", "\\ No newline at end of file", "+a");
    }

    @Test
    void whatHidesOrReordersTextIsWrittenOut() {
        assertThat(diff("a\u202eb\u200bc\u001b[2Jd\u0007\u00a0\n", "").lines())
                .endsWith("-a\\u{202e}b\\u{200b}c\\u{1b}[2Jd\\u{7}\\u{a0}");
    }

    @Test
    void whatIsNoUtf8HasNoTextDiff() {
        byte[] latin = "caf\u00e9".getBytes(ISO_8859_1);
        byte[] plain = "cafe".getBytes(UTF_8);
        assertThat(TextDiff.of(latin, plain, 1000))
                .isEqualTo(Text.notShown("the content on the node is no UTF-8 text; compare the digests"));
        assertThat(TextDiff.of(plain, latin, 1000))
                .isEqualTo(Text.notShown("the baseline's content is no UTF-8 text; compare the digests"));
        assertThat(diff("a\0b", "a").status()).isEqualTo(TextStatus.NOT_SHOWN);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "x: 1\n-----BEGIN RSA PRIVATE KEY-----\nMIIE\n",
                "-----BEGIN OPENSSH PRIVATE KEY-----",
                "  client-key-data: LS0=",
                "users: [{name: a, user: {token: abcdef.0123456789abcdef}}]",
                "{\"users\":[{\"user\":{\"password\" : \"x\"}}]}",
                "apiVersion: v1\nkind: Config\n",
                "{\"kind\":\"Config\"}",
                "kind: EncryptionConfiguration\n",
                "  - name: key1\n    secret: c2VjcmV0\n",
                "kind: Secret",
                "PASSWORD: x",
                "id-token: x",
                "header eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJrdWJlIn0.sig"
            })
    void whatLooksLikeAKeyOrACredentialIsNotShownWhateverTheFileIsCalled(String secret) {
        for (Text text : java.util.List.of(diff(secret, "a\n"), diff("a\n", secret))) {
            assertThat(text.status()).as(secret).isEqualTo(TextStatus.NOT_SHOWN);
            assertThat(text.lines()).isEmpty();
            assertThat(text.note()).contains("looks like a key");
        }
    }

    @Test
    void aKeyInBase64IsNotShownEither() {
        String key = Base64.getEncoder().encodeToString("-----BEGIN EC PRIVATE KEY-----\n".getBytes(UTF_8));
        assertThat(diff("anything: " + key, "a\n").status()).isEqualTo(TextStatus.NOT_SHOWN);
    }

    @Test
    void whatOnlyNamesTheFilesOfKeysIsShown() {
        assertThat(diff(
                                "kind: KubeletConfiguration\n- --enable-bootstrap-token-auth=true\n- --token-auth-file=/x\n"
                                        + "- --tls-private-key-file=/etc/kubernetes/pki/apiserver.key\n  secret: {secretName: x}\n",
                                "a\n")
                        .status())
                .isEqualTo(TextStatus.SHOWN);
    }

    @Test
    void linesAndTheirLengthAreBoundedAndWhatIsLeftOutIsSaid() {
        String many = IntStream.range(0, 1000).mapToObj(Integer::toString).collect(Collectors.joining("\n"));
        Text cut = diff(many, "");
        assertThat(cut.lines()).hasSize(TextDiff.MAX_SHOWN);
        assertThat(cut.note()).startsWith("only the first 400 of 100");
        assertThat(TextDiff.of(many.getBytes(UTF_8), new byte[0], 20).lines()).hasSize(20);
        assertThat(TextDiff.of(many.getBytes(UTF_8), new byte[0], 0).status()).isEqualTo(TextStatus.NOT_SHOWN);
        assertThat(diff("x".repeat(100_000) + "\n", "").lines())
                .allSatisfy(line -> assertThat(line.length()).isLessThanOrEqualTo(TextDiff.MAX_LINE));
        assertThat(diff("\n".repeat(TextDiff.MAX_LINES + 1), "").note()).startsWith("more than 5000 lines");
    }

    /** Not timed: with a method whose time grows with a power of the input these would not end. */
    @Test
    void textMadeToBeSlowIsNot() {
        String half = "a\nb\n".repeat(TextDiff.MAX_LINES / 2);
        assertThat(diff(half, "b\na\nc\n".repeat(TextDiff.MAX_LINES / 3)).status())
                .isEqualTo(TextStatus.SHOWN);
        for (String slow : new String[] {"eyJ", " ", "\n", "kind", "token ", "secret:", "kind: ", "{", "'"}) {
            KeyMaterial.in(slow.repeat(Comparisons.MAX_BYTES / slow.length()));
        }
    }
}
