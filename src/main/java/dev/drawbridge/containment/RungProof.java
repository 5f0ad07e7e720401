package dev.drawbridge.containment;

import java.util.Locale;

/** What a playbook wants verified of a rung before the next one begins; the code is its name there. Nothing less than reading back can be had. */
public enum RungProof {
    /** What was changed was read back. What could not be done, wholly or in part, is said, and the next rung begins. */
    READ_BACK("it is read back"),
    /** Also nothing of it is missing: a rung that is not supported, or in place in part, lets no further rung begin. */
    COMPLETE("it is in place as a whole"),
    /** Also no pod is left on the node, or still ending, that the taint evicts. */
    PODS_GONE("the pods that it evicts are gone");

    private final String text;

    RungProof(String text) {
        this.text = text;
    }

    public String code() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** @throws IllegalArgumentException for a name that none has */
    public static RungProof ofCode(String code) {
        return valueOf(code.toUpperCase(Locale.ROOT).replace('-', '_'));
    }

    /** For people, after "before the next rung". */
    public String text() {
        return text;
    }
}
