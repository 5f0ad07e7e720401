package dev.drawbridge.shared;

import java.util.Objects;
import java.util.regex.Pattern;

/** Identity of an incident; also the business key of its workflow and part of the key of every effect. */
public record IncidentId(String value) {
    private static final Pattern SHAPE = Pattern.compile("[a-z0-9-]{1,64}");

    public IncidentId {
        Objects.requireNonNull(value);
        if (!SHAPE.matcher(value).matches()) {
            throw new IllegalArgumentException("not an incident id");
        }
    }

    public static IncidentId of(String value) {
        return new IncidentId(value);
    }

    @Override
    public String toString() {
        return value;
    }
}
