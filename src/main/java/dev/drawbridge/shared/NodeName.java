package dev.drawbridge.shared;

import java.util.Objects;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Name of a Kubernetes node: a DNS subdomain (RFC 1123), as the API server requires. Text from an alert becomes a node
 * name only through this check, so that it can never carry a path or a command.
 */
public record NodeName(String value) implements Comparable<NodeName> {
    private static final Pattern SHAPE =
            Pattern.compile("[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*");

    public NodeName {
        Objects.requireNonNull(value);
        if (value.length() > 253 || !SHAPE.matcher(value).matches()) {
            throw new IllegalArgumentException("not a node name");
        }
    }

    public static NodeName of(String value) {
        return new NodeName(value);
    }

    /** The node name in an untrusted text, lower-cased as kubelet does with host names; empty when it cannot be one. */
    public static Optional<NodeName> tryParse(String text) {
        try {
            return Optional.of(new NodeName(text.toLowerCase(java.util.Locale.ROOT)));
        } catch (IllegalArgumentException notAName) {
            return Optional.empty();
        }
    }

    @Override
    public int compareTo(NodeName other) {
        return value.compareTo(other.value);
    }

    @Override
    public String toString() {
        return value;
    }
}
