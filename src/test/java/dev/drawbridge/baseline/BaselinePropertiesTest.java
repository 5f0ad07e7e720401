package dev.drawbridge.baseline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drawbridge.shared.NodeName;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.springframework.util.unit.DataSize;

class BaselinePropertiesTest {
    private static BaselineProperties with(@Nullable String url, String ref, String format, @Nullable Path hosts) {
        return settings(url, ref, format, hosts, List.of(), null);
    }

    private static BaselineProperties settings(
            @Nullable String url,
            String ref,
            String format,
            @Nullable Path hosts,
            List<String> fingerprints,
            @Nullable Path revoked) {
        return new BaselineProperties(
                url,
                ref,
                BaselineLayout.OVERLAY,
                hosts,
                format,
                fingerprints,
                revoked,
                null,
                hosts,
                hosts,
                null,
                null,
                null,
                10,
                DataSize.ofMegabytes(1),
                Duration.ofSeconds(20));
    }

    @Test
    void aFormThatNothingVerifiesIsRefusedAtStart() {
        assertThatThrownBy(() -> with(null, "refs/tags/baseline", "x509", null))
                .hasMessageContaining("drawbridge.baseline.signature-format");
    }

    @Test
    void openPgpNeedsTheWholeFingerprintsOfThoseWhoMaySign() {
        Path keys = Path.of("keys.asc");
        assertThatThrownBy(() -> signedBy("openpgp", keys)).hasMessageContaining("signer-fingerprints");
        // two keys can have the same id
        assertThatThrownBy(() -> signedBy("openpgp", keys, "0123456789ABCDEF"))
                .hasMessageContaining("no short key ids");
        assertThat(signedBy("openpgp", keys, "abcd ef01 2345 6789 0123  4567 89ab cdef 0123 4567")
                        .signerFingerprints())
                .containsExactly("ABCDEF0123456789012345678 9ABCDEF01234567".replace(" ", ""));
        assertThatThrownBy(() -> signedBy("ssh", keys, "MD5:00:11")).hasMessageContaining("SHA256:");
        assertThatThrownBy(() -> settings(
                        null, "refs/tags/baseline", "openpgp", keys, List.of("A".repeat(40)), Path.of("revoked")))
                .hasMessageContaining("revoked-signers");
    }

    private static BaselineProperties signedBy(String format, Path keys, String... fingerprints) {
        return settings(null, "refs/tags/baseline", format, keys, List.of(fingerprints), null);
    }

    private static BaselineProperties laidOut(BaselineLayout layout, String url, String ref) {
        return new BaselineProperties(
                url,
                ref,
                layout,
                null,
                "ssh",
                List.of(),
                null,
                Path.of("cache"),
                null,
                null,
                null,
                null,
                null,
                10,
                DataSize.ofMegabytes(1),
                Duration.ofSeconds(20));
    }

    @Test
    void aRepositoryOfEtcIsOfTheNodeThatItsTagNames() {
        NodeName node = NodeName.of("cp-1.example.org");
        BaselineProperties each =
                laidOut(BaselineLayout.ETCKEEPER, "https://git.example.org/{node}.git", "refs/tags/baseline/{node}");
        assertThat(each.url(node)).isEqualTo("https://git.example.org/cp-1.example.org.git");
        assertThat(each.ref(node)).isEqualTo("refs/tags/baseline/cp-1.example.org");
        assertThat(each.cache(node)).isEqualTo(Path.of("cache/cp-1.example.org.git"));
        BaselineProperties one = laidOut(BaselineLayout.ETCKEEPER, "/srv/etc.git", "refs/tags/{node}");
        assertThat(one.cache(node)).isEqualTo(Path.of("cache"));
        // etckeeper moves its branch by itself, and a tag of the same name in every repository is everybody's
        for (String ref : List.of("refs/heads/{node}", "refs/tags/baseline")) {
            assertThatThrownBy(() -> laidOut(BaselineLayout.ETCKEEPER, "/srv/{node}.git", ref))
                    .hasMessageContaining("drawbridge.baseline.ref must be a tag with {node}");
        }
        assertThatThrownBy(() -> laidOut(BaselineLayout.OVERLAY, "/srv/{node}.git", "refs/tags/baseline"))
                .hasMessageContaining("{node} is for the layout etckeeper");
    }

    @Test
    void aRefThatCouldMeanTwoThingsIsRefused() {
        assertThatThrownBy(() -> with(null, "baseline", "ssh", null)).hasMessageContaining("drawbridge.baseline.ref");
    }

    @Test
    void aPasswordInTheUrlIsRefusedAndNotRepeated() {
        assertThatThrownBy(() -> with("https://user:secret@git.example/b.git", "refs/tags/baseline", "ssh", null))
                .hasMessageContaining("password")
                .hasMessageNotContaining("secret");
    }

    @Test
    void anSshUrlNeedsPinnedHostsAndAKey() {
        for (String url : new String[] {"ssh://git@git.example/b.git", "git@git.example:b.git"}) {
            assertThatThrownBy(() -> with(url, "refs/tags/baseline", "ssh", null))
                    .hasMessageContaining("known-hosts");
            assertThat(with(url, "refs/tags/baseline", "ssh", Path.of("x")).url())
                    .isEqualTo(url);
        }
    }
}
