package dev.drawbridge.api;

import io.swagger.v3.oas.models.Components;
import io.swagger.v3.oas.models.OpenAPI;
import io.swagger.v3.oas.models.Operation;
import io.swagger.v3.oas.models.PathItem;
import io.swagger.v3.oas.models.info.Info;
import io.swagger.v3.oas.models.info.License;
import io.swagger.v3.oas.models.media.Content;
import io.swagger.v3.oas.models.media.IntegerSchema;
import io.swagger.v3.oas.models.media.MediaType;
import io.swagger.v3.oas.models.media.ObjectSchema;
import io.swagger.v3.oas.models.media.Schema;
import io.swagger.v3.oas.models.media.StringSchema;
import io.swagger.v3.oas.models.responses.ApiResponse;
import io.swagger.v3.oas.models.security.SecurityRequirement;
import io.swagger.v3.oas.models.security.SecurityScheme;
import io.swagger.v3.oas.models.servers.Server;
import java.util.List;
import org.springdoc.core.customizers.OpenApiCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The document at {@code /v3/api-docs}: what the annotations cannot say once for all. */
@Configuration(proxyBeanMethods = false)
class OpenApiConfiguration {
    private static final String PEOPLE = "people";
    private static final String DETECTORS = "detectors";
    private static final String WEBHOOK = "/api/v1/alerts/{source}";
    private static final Schema<?> PROBLEM = new Schema<>().$ref("#/components/schemas/Problem");

    @Bean
    OpenAPI drawbridge() {
        return new OpenAPI()
                // relative: the same contract whatever the address, and nobody learns a host name from it
                .addServersItem(new Server().url("/"))
                .info(new Info()
                        .title("Drawbridge")
                        .version("v1")
                        .description(
                                "Alerts in, incidents and tasks out. Lists are paged by key: give `next` back as `after`.")
                        .license(new License().name("Apache-2.0").identifier("Apache-2.0")))
                .components(new Components()
                        .addSecuritySchemes(
                                PEOPLE,
                                new SecurityScheme()
                                        .type(SecurityScheme.Type.HTTP)
                                        .scheme("basic"))
                        .addSecuritySchemes(
                                DETECTORS,
                                new SecurityScheme()
                                        .type(SecurityScheme.Type.HTTP)
                                        .scheme("bearer")));
    }

    /** Every operation says who may call it and that everything but success is problem JSON. */
    @Bean
    OpenApiCustomizer securityAndProblems() {
        return document -> {
            document.setServers(List.of());
            // not earlier: what no method returns is taken out again
            document.getComponents().addSchemas("Problem", problem());
            document.getPaths()
                    .forEach((path, item) ->
                            item.readOperationsMap().forEach((method, operation) -> complete(path, method, operation)));
        };
    }

    private static void complete(String path, PathItem.HttpMethod method, Operation operation) {
        boolean webhook = path.equals(WEBHOOK) && method == PathItem.HttpMethod.POST;
        operation.setSecurity(List.of(new SecurityRequirement().addList(webhook ? DETECTORS : PEOPLE)));
        describe(operation, "401", "no valid credential");
        if (!webhook) {
            describe(operation, "400", "a parameter or the body has not the form it should have");
            describe(operation, "403", "none of the caller's groups may do this");
            describe(operation, "429", "too many failed sign-ins; try again after Retry-After seconds");
        }
        if (path.contains("{id}")) {
            describe(operation, "404", "there is none with this id");
        }
        operation.getResponses().forEach((status, response) -> {
            if (!status.startsWith("2")) {
                response.setContent(
                        new Content().addMediaType("application/problem+json", new MediaType().schema(PROBLEM)));
            }
        });
    }

    private static void describe(Operation operation, String status, String description) {
        operation.getResponses().putIfAbsent(status, new ApiResponse().description(description));
    }

    private static Schema<?> problem() {
        Schema<?> problem = new ObjectSchema().description("RFC 9457; further members per kind of problem");
        problem.addProperty("type", new StringSchema());
        problem.addProperty("title", new StringSchema());
        problem.addProperty("status", new IntegerSchema());
        problem.addProperty("detail", new StringSchema());
        problem.addProperty("instance", new StringSchema());
        problem.addProperty("rule", new StringSchema().description("the rule that forbids or contradicts it"));
        return problem;
    }
}
