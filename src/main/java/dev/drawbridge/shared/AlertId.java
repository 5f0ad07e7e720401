package dev.drawbridge.shared;

import java.util.Objects;
import java.util.regex.Pattern;

/**
 * Identity of an alert within Drawbridge and its idempotency key: the detector's own id where it has one (Elastic:
 * {@code kibana.alert.uuid}; Falco: {@code uuid}), else a digest of what identifies the alert.
 */
public record AlertId(String value) {
    private static final Pattern SHAPE = Pattern.compile("[A-Za-z0-9._:-]{1,128}");

    public AlertId {
        Objects.requireNonNull(value);
        if (!SHAPE.matcher(value).matches()) {
            throw new IllegalArgumentException("not an alert id");
        }
    }

    public static AlertId of(String value) {
        return new AlertId(value);
    }

    @Override
    public String toString() {
        return value;
    }
}
