package dev.drawbridge.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.drawbridge.web.Visitor;
import dev.drawbridge.web.WebTest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.core.env.Environment;

/** The contract that other programs read, held against the file that was agreed on. */
@WebTest
class OpenApiTest {
    private static final Path AGREED = Path.of("src/docs/openapi.json");
    private static final JsonMapper JSON = JsonMapper.builder().build();

    @Autowired
    private Environment environment;

    private JsonNode served() throws IOException {
        var answer = Visitor.to(environment).get("auditor", "/v3/api-docs");
        assertThat(answer.statusCode()).isEqualTo(200);
        return JSON.readTree(answer.body());
    }

    @Test
    void theServedContractIsTheAgreedOne() throws Exception {
        JsonNode served = served();
        if (Boolean.getBoolean("openapi.agree")) {
            Files.writeString(AGREED, JSON.writerWithDefaultPrettyPrinter().writeValueAsString(served) + "\n");
        }
        JsonNode agreed = JSON.readTree(Files.readString(AGREED));
        assertThat(differences("", agreed, served))
                .as(
                        "differences between %s and what is served; when each is wanted and breaks no caller, agree to them by"
                                + " ./mvnw test -Dtest=OpenApiTest -Dopenapi.agree=true",
                        AGREED)
                .isEmpty();
    }

    private static List<String> differences(String at, JsonNode agreed, JsonNode served) {
        if (agreed.equals(served)) {
            return List.of();
        }
        if (!agreed.isObject() || !served.isObject()) {
            return List.of(at + ": agreed " + agreed + ", served " + served);
        }
        List<String> found = new ArrayList<>();
        agreed.fieldNames().forEachRemaining(name -> {
            String where = at + "/" + name.replace("/", "~1");
            if (served.has(name)) {
                found.addAll(differences(where, agreed.get(name), served.get(name)));
            } else {
                found.add(where + ": no longer served");
            }
        });
        served.fieldNames().forEachRemaining(name -> {
            if (!agreed.has(name)) {
                found.add(at + "/" + name.replace("/", "~1") + ": served, not agreed");
            }
        });
        return found;
    }

    @Test
    void theDifferencesOfTwoContractsAreNamed() throws Exception {
        JsonNode one = JSON.readTree("{\"paths\":{\"/a\":{\"get\":1},\"/b\":1}}");
        JsonNode two = JSON.readTree("{\"paths\":{\"/a\":{\"get\":2},\"/c\":1}}");
        assertThat(differences("", one, two))
                .containsExactlyInAnyOrder(
                        "/paths/~1a/get: agreed 1, served 2",
                        "/paths/~1b: no longer served",
                        "/paths/~1c: served, not agreed");
    }

    @Test
    void whatTheContractRefersToIsThere() throws Exception {
        JsonNode served = served();
        List<String> references = served.findValuesAsText("$ref");
        assertThat(references).contains("#/components/schemas/Problem");
        assertThat(references)
                .allSatisfy(reference -> assertThat(
                                served.at(reference.substring(1)).isObject())
                        .as(reference)
                        .isTrue());
    }

    @Test
    void everyOperationSaysWhoMayCallItAndAnswersProblemsAsProblems() throws Exception {
        JsonNode served = served();
        assertThat(served.at("/openapi").asText()).startsWith("3.");
        assertThat(served.path("paths")).hasSizeGreaterThan(9);
        served.path("paths")
                .properties()
                .forEach(path -> path.getValue().properties().forEach(operation -> {
                    String name = operation.getKey() + " " + path.getKey();
                    assertThat(operation.getValue().path("security")).as(name).hasSize(1);
                    assertThat(operation.getValue().path("summary").asText())
                            .as(name)
                            .isNotEmpty();
                    operation.getValue().path("responses").properties().forEach(response -> {
                        if (!response.getKey().startsWith("2")) {
                            assertThat(response.getValue().path("content").fieldNames())
                                    .toIterable()
                                    .as(name + " " + response.getKey())
                                    .containsExactly("application/problem+json");
                        }
                    });
                    assertThat(operation.getValue().toString())
                            .as("the signed-in person is no parameter: " + name)
                            .doesNotContain("\"member\"");
                }));
    }
}
