package dev.drawbridge;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.drawbridge.containment.Rung;
import dev.drawbridge.containment.RungDescription;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;

/** The README against the code: a table that names what is gone, or a default that is not the default, misleads at night. */
class ReadmeTest {
    private static final Path README = Path.of("README.md");
    private static final Pattern ROW = Pattern.compile("(?m)^\\| `(drawbridge\\.[^`]+)` \\| (?:`([^`]*)`)? ?\\|");

    @Test
    void theTableHasEveryPropertyWithItsDefaultAndNoOther() throws Exception {
        Map<String, String> rows = new TreeMap<>();
        Matcher row = ROW.matcher(Files.readString(README));
        while (row.find()) {
            rows.put(row.group(1), Objects.toString(row.group(2), ""));
        }
        assertThat(rows.entrySet())
                .containsExactlyInAnyOrderElementsOf(properties().entrySet());
    }

    @Test
    void theTableOfRungsSaysWhatTheProductSays() throws Exception {
        String readme = Files.readString(README);
        assertThat(readme).contains("\n" + Rung.STATIC_PODS);
        int table = readme.indexOf("| rung | stops | does not stop |");
        String rows = readme.substring(table, readme.indexOf("\n\n", table)) + "\n";
        assertThat(rows.lines().skip(2))
                .containsExactlyElementsOf(RungDescription.all().stream()
                        .map(rung -> "| `" + rung.code() + "` | " + rung.stops() + " | " + rung.doesNotStop() + " |")
                        .toList());
    }

    @Test
    void theTableOfGuardrailsHasEveryRuleWithItsDefaultsAndNoOther() throws Exception {
        Set<String> rules = new TreeSet<>();
        Pattern rule = Pattern.compile("public String rule\\(\\) \\{\\s*return \"([^\"]+)\"");
        try (Stream<Path> sources = Files.list(Path.of("src/main/java/dev/drawbridge/guardrail"))) {
            for (Path source : sources.toList()) {
                rule.matcher(Files.readString(source)).results().forEach(found -> rules.add(found.group(1)));
            }
        }
        String readme = Files.readString(README);
        int table = readme.indexOf("| guardrail | refuses |");
        String rows = readme.substring(table, readme.indexOf("\n\n", table));
        assertThat(Pattern.compile("(?m)^\\| `([^`]+)`").matcher(rows).results().map(row -> row.group(1)))
                .containsExactlyInAnyOrderElementsOf(rules);
        Map<String, String> properties = properties();
        Matcher said = Pattern.compile("`(drawbridge\\.[^`]+)`(?: is|, which is) `([^`]+)`")
                .matcher(rows);
        while (said.find()) {
            assertThat(properties).containsEntry(said.group(1), said.group(2));
        }
    }

    @Test
    void everyLinkedFileExists() throws Exception {
        Matcher link = Pattern.compile("\\]\\((?!https?:)([^)#]+)\\)").matcher(Files.readString(README));
        while (link.find()) {
            assertThat(Path.of(link.group(1))).exists();
        }
    }

    private static Map<String, String> properties() throws Exception {
        Map<String, String> properties = new TreeMap<>();
        // single values that no record holds
        properties.put("drawbridge.cluster.name", "kubernetes");
        try (InputStream in = ReadmeTest.class.getResourceAsStream("/META-INF/spring-configuration-metadata.json")) {
            JsonNode metadata = JsonMapper.builder().build().readTree(in);
            for (JsonNode property : metadata.path("properties")) {
                if (property.path("name").asText().startsWith("drawbridge.")) {
                    properties.put(property.path("name").asText(), defaultOf(property));
                }
            }
        }
        return properties;
    }

    private static String defaultOf(JsonNode property) {
        JsonNode value = property.path("defaultValue");
        return value.isArray()
                ? StreamSupport.stream(value.spliterator(), false)
                        .map(JsonNode::asText)
                        .collect(Collectors.joining(", "))
                : value.asText("").replaceAll("^\\[(.*)]$", "$1");
    }
}
