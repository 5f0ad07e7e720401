package dev.drawbridge.shared;

import java.util.Objects;

/** Who acts: a person who logged in, a detector that posted, or Drawbridge itself in the name of a playbook. */
public record Actor(Kind kind, String name) {
    public enum Kind {
        PERSON,
        DETECTOR,
        PLAYBOOK,
        SYSTEM
    }

    /** Drawbridge itself, outside any playbook. */
    public static final Actor SYSTEM = new Actor(Kind.SYSTEM, "drawbridge");

    public Actor {
        Objects.requireNonNull(kind);
        if (name.isBlank() || name.length() > 200) {
            throw new IllegalArgumentException("an actor needs a name of at most 200 characters");
        }
    }

    public static Actor person(String name) {
        return new Actor(Kind.PERSON, name);
    }

    public static Actor detector(String name) {
        return new Actor(Kind.DETECTOR, name);
    }

    public static Actor playbook(String name) {
        return new Actor(Kind.PLAYBOOK, name);
    }

    /** {@code person:alice}: the form in which audit entries keep it. */
    public String display() {
        return kind.name().toLowerCase(java.util.Locale.ROOT) + ":" + name;
    }

    public static Actor parse(String display) {
        int colon = display.indexOf(':');
        return new Actor(
                Kind.valueOf(display.substring(0, colon).toUpperCase(java.util.Locale.ROOT)),
                display.substring(colon + 1));
    }
}
