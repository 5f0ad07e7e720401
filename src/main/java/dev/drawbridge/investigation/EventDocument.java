package dev.drawbridge.investigation;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** One event as it was stored: keys dotted or nested or both mixed, any value a scalar or an array of scalars. */
record EventDocument(JsonNode source) {
    /** Values of one field that are read: a person needs no more, and an attacker chooses how many there are. */
    private static final int MOST_VALUES = 50;

    /** The first value of a field, empty when it is absent, null, or an object. */
    Optional<String> text(String field) {
        return texts(field).stream().findFirst();
    }

    List<String> texts(String field) {
        List<String> values = new ArrayList<>();
        collect(source, field, values);
        return values;
    }

    private static void collect(JsonNode node, String rest, List<String> values) {
        if (node.isArray()) {
            node.forEach(element -> collect(element, rest, values));
        } else if (rest.isEmpty()) {
            if (node.isValueNode() && !node.isNull() && values.size() < MOST_VALUES) {
                values.add(node.asText());
            }
        } else if (node.isObject()) {
            for (int end = rest.indexOf('.'); end >= 0; end = rest.indexOf('.', end + 1)) {
                descend(node.get(rest.substring(0, end)), rest.substring(end + 1), values);
            }
            descend(node.get(rest), "", values);
        }
    }

    private static void descend(@org.jspecify.annotations.Nullable JsonNode child, String rest, List<String> values) {
        if (child != null) {
            collect(child, rest, values);
        }
    }
}
