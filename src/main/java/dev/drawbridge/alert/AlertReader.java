package dev.drawbridge.alert;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.drawbridge.shared.AlertId;
import dev.drawbridge.shared.Digest;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/**
 * Takes a request body apart into alerts: the recommended envelope {@code {"alerts":[...]}}, a list of alert documents, or a
 * single document. Only one alert is in memory as a tree at any time, and each has a budget of values, so that a few
 * megabytes of brackets cannot become gigabytes of objects.
 */
@Component
class AlertReader {
    private final AlertProperties limits;
    private final JsonFactory json;
    private final JsonMapper writer = JsonMapper.builder()
            // ASCII only: no database, log or terminal can stumble over it
            .enable(JsonWriteFeature.ESCAPE_NON_ASCII)
            .build();

    AlertReader(AlertProperties limits) {
        this.limits = limits;
        this.json = JsonFactory.builder()
                .streamReadConstraints(StreamReadConstraints.builder()
                        .maxNestingDepth(limits.maxDepth())
                        .maxStringLength(limits.maxString())
                        .maxNumberLength(100)
                        .maxNameLength(1024)
                        .maxDocumentLength(limits.maxBody().toBytes())
                        .build())
                // names come from outside: a shared table of them could be filled with collisions
                .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
                .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
                .build();
    }

    /** @throws Undecodable when the body as a whole is no JSON in UTF-8, breaks a limit, or cannot hold alerts */
    List<DecodedAlert> read(byte[] body, AlertDecoder decoder, Instant receivedAt) throws Undecodable {
        try (JsonParser parser = json.createParser(utf8(body))) {
            List<DecodedAlert> alerts = new ArrayList<>();
            JsonToken first = parser.nextToken();
            if (first == JsonToken.START_ARRAY) {
                readList(parser, decoder, receivedAt, alerts);
            } else if (first == JsonToken.START_OBJECT) {
                readObject(parser, decoder, receivedAt, alerts);
            } else {
                throw new Undecodable("neither a JSON object nor a list");
            }
            if (parser.nextToken() != null) {
                throw new Undecodable("there is more after the JSON value");
            }
            return alerts;
        } catch (JsonProcessingException broken) {
            JsonLocation at = broken.getLocation();
            throw new Undecodable(
                    at == null
                            ? "not JSON within the limits"
                            : "not JSON within the limits at line " + at.getLineNr() + ", column " + at.getColumnNr());
        } catch (IOException fromMemory) {
            throw new UncheckedIOException(fromMemory);
        }
    }

    private static String utf8(byte[] body) throws Undecodable {
        try {
            String text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(body))
                    .toString();
            return text.startsWith("\uFEFF") ? text.substring(1) : text;
        } catch (CharacterCodingException otherCharset) {
            throw new Undecodable("not UTF-8");
        }
    }

    private void readObject(JsonParser parser, AlertDecoder decoder, Instant receivedAt, List<DecodedAlert> alerts)
            throws IOException, Undecodable {
        Budget budget = new Budget(limits.maxValues());
        ObjectNode document = JsonNodeFactory.instance.objectNode();
        boolean envelope = false;
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String name = parser.currentName();
            JsonToken value = parser.nextToken();
            if (name.equals("alerts") && value == JsonToken.START_ARRAY && !envelope) {
                envelope = true;
                readList(parser, decoder, receivedAt, alerts);
            } else if (name.equals("alerts") && envelope) {
                throw new Undecodable("the envelope holds alerts twice");
            } else {
                put(document, name, value(parser, budget), budget);
            }
        }
        if (!envelope) {
            DecodedAlert only = decode(document, budget, decoder, receivedAt);
            if (only instanceof DecodedAlert.Bad bad) {
                throw new Undecodable("neither an envelope nor an alert document: " + bad.reason());
            }
            alerts.add(only);
        }
    }

    private void readList(JsonParser parser, AlertDecoder decoder, Instant receivedAt, List<DecodedAlert> alerts)
            throws IOException, Undecodable {
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            if (alerts.size() >= limits.maxAlerts()) {
                throw new Undecodable("more than " + limits.maxAlerts() + " alerts in one request");
            }
            Budget budget = new Budget(limits.maxValues());
            alerts.add(decode(value(parser, budget), budget, decoder, receivedAt));
        }
    }

    private DecodedAlert decode(JsonNode document, Budget budget, AlertDecoder decoder, Instant receivedAt)
            throws IOException {
        String raw = writer.writeValueAsString(document);
        if (budget.problem != null) {
            return bad(budget.problem, raw);
        }
        if (!document.isObject()) {
            return bad("not a JSON object", raw);
        }
        try {
            return new DecodedAlert.Good(decoder.decode(document, receivedAt), cut(raw));
        } catch (Undecodable reason) {
            return bad(String.valueOf(reason.getMessage()), raw);
        }
    }

    private DecodedAlert bad(String reason, String raw) {
        return new DecodedAlert.Bad(AlertId.of(Digest.ofText(raw).hex()), reason, cut(raw));
    }

    private String cut(String raw) {
        return raw.length() <= limits.maxKept() ? raw : raw.substring(0, limits.maxKept());
    }

    private JsonNode value(JsonParser parser, Budget budget) throws IOException {
        JsonNodeFactory nodes = JsonNodeFactory.instance;
        if (!budget.take()) {
            parser.skipChildren();
            return nodes.nullNode();
        }
        switch (parser.currentToken()) {
            case START_OBJECT -> {
                ObjectNode object = nodes.objectNode();
                while (parser.nextToken() == JsonToken.FIELD_NAME) {
                    String name = parser.currentName();
                    parser.nextToken();
                    put(object, name, value(parser, budget), budget);
                }
                return object;
            }
            case START_ARRAY -> {
                ArrayNode array = nodes.arrayNode();
                while (parser.nextToken() != JsonToken.END_ARRAY) {
                    JsonNode element = value(parser, budget);
                    if (budget.problem == null) {
                        array.add(element);
                    }
                }
                return array;
            }
            case VALUE_STRING -> {
                return nodes.textNode(parser.getText());
            }
            case VALUE_NUMBER_INT -> {
                return nodes.numberNode(parser.getBigIntegerValue());
            }
            case VALUE_NUMBER_FLOAT -> {
                return nodes.numberNode(parser.getDecimalValue());
            }
            case VALUE_TRUE, VALUE_FALSE -> {
                return nodes.booleanNode(parser.getBooleanValue());
            }
            default -> {
                return nodes.nullNode();
            }
        }
    }

    private static void put(ObjectNode object, String name, JsonNode value, Budget budget) {
        if (budget.problem == null && object.replace(name, value) != null) {
            // readers differ in which of two they take: an alert must not mean one host here and another elsewhere
            budget.problem = "a JSON object holds the same name twice";
        }
    }

    /** What may still be read of one alert, and what is already wrong with it. */
    private static final class Budget {
        private int left;
        private @Nullable String problem;

        Budget(int values) {
            this.left = values;
        }

        boolean take() {
            if (problem == null && left-- <= 0) {
                problem = "it holds more values than an alert may";
            }
            return problem == null;
        }
    }
}
