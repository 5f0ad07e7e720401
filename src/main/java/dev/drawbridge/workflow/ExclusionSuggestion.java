package dev.drawbridge.workflow;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.drawbridge.alert.Alert;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.NodePath;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.springframework.stereotype.Component;

/**
 * What a person could add to the playbook after a false positive. Only a suggestion: text from alerts becomes policy when
 * somebody wrote it into a playbook, never by itself.
 */
@Component
class ExclusionSuggestion {
    private static final int MOST = 10;
    private static final int LONGEST = 300;

    private final JsonMapper json = JsonMapper.builder().build();

    /** YAML for {@code spec.exclusions}; every value is quoted as JSON, which YAML reads as it is. */
    String forAlerts(List<Alert> alerts) {
        List<String> lines = new ArrayList<>();
        lines.add("An exclusion that would have fitted, to be narrowed and put into the playbook:");
        lines.add("- reason: \"...\"");
        add(lines, "executables", alerts.stream().map(alert -> alert.process().executable()));
        add(lines, "users", alerts.stream().map(alert -> alert.user().name()));
        add(
                lines,
                "sha256",
                alerts.stream().map(Alert::fileDigest).filter(Objects::nonNull).map(Digest::hex));
        add(
                lines,
                "paths",
                alerts.stream()
                        .map(Alert::normalisedPath)
                        .flatMap(Optional::stream)
                        .map(NodePath::toString));
        add(lines, "hosts", alerts.stream().map(Alert::host));
        return String.join("\n", lines);
    }

    private void add(List<String> lines, String field, Stream<String> values) {
        List<String> quoted = values.filter(value -> value != null && !value.isBlank() && value.length() <= LONGEST)
                .distinct()
                .limit(MOST)
                .map(this::quoted)
                .toList();
        if (!quoted.isEmpty()) {
            lines.add("  " + field + ": [" + String.join(", ", quoted) + "]");
        }
    }

    private String quoted(String value) {
        try {
            return json.writeValueAsString(value);
        } catch (JsonProcessingException stringsAlwaysWrite) {
            throw new IllegalStateException(stringsAlwaysWrite);
        }
    }
}
