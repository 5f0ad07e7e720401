package dev.drawbridge.alert;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drawbridge.shared.AlertId;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AlertTest {
    private static final Instant NOW = Instant.parse("2026-11-24T10:00:00Z");

    private static Alert claiming(String path) {
        return new Alert(
                AlertId.of("a1"),
                "elastic",
                NOW,
                NOW,
                "rule",
                "Rule",
                "medium",
                "cp-1",
                List.of(),
                null,
                null,
                true,
                false,
                "creation",
                path,
                null,
                null,
                new Alert.ProcessFacts(null, null, null, null, null, List.of()),
                new Alert.UserFacts(null, null, null, null));
    }

    @ParameterizedTest
    @CsvSource({
        "/etc/kubernetes/manifests/../pki//ca.key, /etc/kubernetes/pki/ca.key",
        "etc/kubernetes, etc/kubernetes",
        "etc/\u202Eyek.ac, etc/\uFFFDyek.ac",
    })
    void showsPeopleThePathThatIsMeant(String claimed, String shown) {
        assertThat(claiming(claimed).shownPath()).isEqualTo(shown);
    }

    @ParameterizedTest
    @CsvSource({"/etc/kubernetes/\u202Eyek.ac", "'/etc/kubernetes/a\nb'", "/etc/kubernetes/\u200Bca.key"})
    void showsNothingThatIsNotSeen(String claimed) {
        assertThat(claiming(claimed).shownPath()).matches("[\\x20-\\x7E]+");
    }
}
