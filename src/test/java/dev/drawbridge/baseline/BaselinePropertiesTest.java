package dev.drawbridge.baseline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.springframework.util.unit.DataSize;

class BaselinePropertiesTest {
    private static BaselineProperties with(@Nullable String url, String ref, String format, @Nullable Path hosts) {
        return new BaselineProperties(
                url, ref, null, format, null, hosts, hosts, 10, DataSize.ofMegabytes(1), Duration.ofSeconds(20));
    }

    @Test
    void openpgpIsRefusedAtStartBecauseNothingVerifiesIt() {
        assertThatThrownBy(() -> with(null, "refs/tags/baseline", "openpgp", null))
                .hasMessageContaining("drawbridge.baseline.signature-format");
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
