package dev.drawbridge.alert;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads fields by their dotted name wherever the document keeps them: nested objects, flat dotted keys or any mix, a scalar
 * or a list of one. Kibana delivers all of these for one and the same field.
 */
final class AlertFields {
    private static final int TEXT = 512;

    private final JsonNode document;

    AlertFields(JsonNode document) {
        this.document = document;
    }

    /**
     * The one value of a field, cleaned and cut; null when it is missing.
     *
     * @throws Undecodable when the document holds several different values: which of them is meant would be a guess
     */
    @Nullable
    String text(String field, int limit) throws Undecodable {
        String exact = exact(field);
        return exact == null ? null : UntrustedText.clean(exact, limit);
    }

    @Nullable
    String text(String field) throws Undecodable {
        return text(field, TEXT);
    }

    /** The first of the fields that has a value. */
    @Nullable
    String firstText(String... fields) throws Undecodable {
        for (String field : fields) {
            String found = text(field);
            if (found != null) {
                return found;
            }
        }
        return null;
    }

    /** The one value of a field as it was sent, for what must be compared exactly. */
    @Nullable
    String exact(String field) throws Undecodable {
        Set<String> values = new LinkedHashSet<>(scalars(field, Integer.MAX_VALUE));
        if (values.size() > 1) {
            throw new Undecodable("it holds more than one value for " + field);
        }
        return values.isEmpty() ? null : values.iterator().next();
    }

    /** Some value of a field that is only shown: the first when there are several. */
    @Nullable
    String some(String field, int limit) {
        List<String> values = scalars(field, 1);
        return values.isEmpty() ? null : UntrustedText.clean(values.get(0), limit);
    }

    /** At most {@code count} values of a list, each cleaned and cut. */
    List<String> list(String field, int count, int limit) {
        return scalars(field, count).stream()
                .map(value -> UntrustedText.clean(value, limit))
                .toList();
    }

    /** A number, also when it was sent as text; null when it is none. */
    @Nullable
    Long number(String field) {
        String text = some(field, 20);
        try {
            return text == null ? null : Long.valueOf(text);
        } catch (NumberFormatException notANumber) {
            return null;
        }
    }

    /** The first of the fields that is a time: RFC 3339, or milliseconds since the epoch as Elasticsearch's fields option gives them. */
    @Nullable
    Instant firstTime(String... fields) throws Undecodable {
        for (String field : fields) {
            String text = exact(field);
            if (text != null) {
                return time(field, text);
            }
        }
        return null;
    }

    private static Instant time(String field, String text) throws Undecodable {
        try {
            Instant read = text.matches("-?[0-9]{1,15}")
                    ? Instant.ofEpochMilli(Long.parseLong(text))
                    : OffsetDateTime.parse(text).toInstant();
            // the database keeps years of four digits only; nothing outside them is a file event
            if (read.isBefore(Instant.EPOCH) || read.isAfter(Instant.parse("9999-01-01T00:00:00Z"))) {
                throw new Undecodable(field + " is not a possible time");
            }
            return read.truncatedTo(ChronoUnit.MICROS);
        } catch (DateTimeException noTime) {
            throw new Undecodable(field + " is not a time");
        }
    }

    private List<String> scalars(String field, int count) {
        List<String> values = new ArrayList<>();
        collect(document, field, values, count);
        return values;
    }

    private static void collect(JsonNode at, String rest, List<String> values, int count) {
        JsonNode object = at.isArray() && at.size() == 1 ? at.get(0) : at;
        if (!object.isObject()) {
            return;
        }
        // every way to cut the name in two: the head is a key of this object, the tail lies below it
        for (int dot = rest.indexOf('.'); dot >= 0; dot = rest.indexOf('.', dot + 1)) {
            JsonNode child = object.get(rest.substring(0, dot));
            if (child != null) {
                collect(child, rest.substring(dot + 1), values, count);
            }
        }
        JsonNode leaf = object.get(rest);
        if (leaf != null) {
            addScalars(leaf, values, count);
        }
    }

    private static void addScalars(JsonNode leaf, List<String> values, int count) {
        if (leaf.isArray()) {
            for (JsonNode element : leaf) {
                if (values.size() >= count) {
                    return;
                }
                if (element.isValueNode()) {
                    addScalars(element, values, count);
                }
            }
        } else if (leaf.isValueNode() && !leaf.isNull() && values.size() < count) {
            String text = leaf.asText();
            if (!text.isEmpty()) {
                values.add(text);
            }
        }
    }
}
