package dev.drawbridge.containment;

/** A step of the containment ladder; the code is its name in playbooks, audit entries and annotations. */
public enum Rung {
    CORDON,
    TAINT,
    LABEL;

    public String code() {
        return name().toLowerCase(java.util.Locale.ROOT);
    }

    /** @throws IllegalArgumentException for a name that no rung has */
    public static Rung ofCode(String code) {
        return valueOf(code.toUpperCase(java.util.Locale.ROOT).replace('-', '_'));
    }
}
