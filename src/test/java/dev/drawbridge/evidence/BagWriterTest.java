package dev.drawbridge.evidence;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drawbridge.shared.Digest;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class BagWriterTest {
    private static final Instant AT = Instant.parse("2026-11-24T10:00:00Z");

    private static String safe(String latin) {
        return BagWriter.safe(latin.getBytes(StandardCharsets.ISO_8859_1));
    }

    @ParameterizedTest
    @CsvSource({
        "kube-apiserver.yaml, kube-apiserver.yaml",
        "../../x, ..=2f..=2fx",
        "C:\\x, C=3a=5cx",
        "100%, 100=25",
        "a=b, a=3db",
        "a b, a=20b",
        "'line\nbreak', line=0abreak",
        "\u00e4\u00ff, =e4=ff"
    })
    void namesAreTheSameOnEveryFileSystemAndNeedNoEncodingInManifests(String raw, String safe) {
        assertThat(safe(raw)).isEqualTo(safe);
    }

    /** RFC 8493, 2.1.3, wants percent signs and line ends encoded, which {@code sha256sum} does not decode: no name has any. */
    @Test
    void noByteOfANameComesOutAsOneThatManifestsWouldHaveToEncode() {
        for (int b = 0; b < 256; b++) {
            assertThat(safe("a" + (char) b + (char) (255 - b)))
                    .matches("[A-Za-z0-9._=-]+")
                    .doesNotContain("%", "\r", "\n");
        }
    }

    @Test
    void noNameIsTooLongOrCutWithinAByte() {
        assertThat(safe("\u00ff".repeat(255))).isEqualTo("=ff".repeat(26));
        assertThat(safe("x".repeat(255))).hasSize(80);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"../up", "/root", "a/../b", "a//b", "", ".hidden", "a b", "a%b", "a\nb", "a\rb", "a\n", "a\\b"})
    void aNameThatIsNotPlainNeverGetsIntoABag(String name) throws IOException {
        BagWriter bag = new BagWriter(OutputStream.nullOutputStream(), "bag", AT);
        assertThatThrownBy(() -> bag.tag(name, "x")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new BagWriter(OutputStream.nullOutputStream(), name, AT))
                .isInstanceOf(IllegalArgumentException.class);
    }

    /** Content as long as it says, made while it is read. */
    private static InputStream zeros(long length) {
        return new InputStream() {
            private long left = length;

            @Override
            public int read() {
                return left-- > 0 ? 0 : -1;
            }

            @Override
            public int read(byte[] bytes, int from, int count) {
                if (left <= 0) {
                    return -1;
                }
                int n = (int) Math.min(count, left);
                java.util.Arrays.fill(bytes, from, from + n, (byte) 0);
                left -= n;
                return n;
            }
        };
    }

    @Test
    void contentGoesThroughAndIsNotHeld() throws IOException {
        long[] longest = {0};
        long[] written = {0};
        OutputStream out = new OutputStream() {
            @Override
            public void write(int b) {
                written[0]++;
            }

            @Override
            public void write(byte[] bytes, int from, int count) {
                longest[0] = Math.max(longest[0], count);
                written[0] += count;
            }
        };
        BagWriter bag = new BagWriter(out, "bag", AT);
        long before = written[0];
        bag.payload("1/big", Digest.ofText("not checked here"), zeros(100L << 20));
        assertThat(written[0]).as("written before the end").isGreaterThan(before + 100_000);
        assertThat(longest[0]).isLessThan(100_000);
        bag.finish(Map.of());
    }

    @Test
    void whatIsBrokenOffIsNoZip() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        BagWriter bag = new BagWriter(out, "bag", AT);
        InputStream broken = new InputStream() {
            @Override
            public int read() throws IOException {
                throw new IOException("the disk");
            }
        };
        assertThatThrownBy(() -> bag.payload("1/a", Digest.ofText(""), broken)).isInstanceOf(IOException.class);
        // the end-of-central-directory record of a ZIP (APPNOTE 4.3.16) is what a reader looks for first
        assertThat(new String(out.toByteArray(), StandardCharsets.ISO_8859_1)).doesNotContain("PK\5\6");
    }

    @Test
    void informationIsOneLineEach() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        BagWriter bag = new BagWriter(out, "bag", AT);
        bag.payload("1/a", Digest.ofText("abc"), new ByteArrayInputStream("abc".getBytes(StandardCharsets.UTF_8)));
        bag.finish(Map.of("External-Description", "two\r\nBagging-Date: lines"));
        assertThat(Bags.read(out.toByteArray()).text("bag-info.txt"))
                .isEqualTo("External-Description: two Bagging-Date: lines\nPayload-Oxum: 3.1\n");
    }
}
