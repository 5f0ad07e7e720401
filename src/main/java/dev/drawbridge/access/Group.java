package dev.drawbridge.access;

import java.util.Locale;

/** The groups that tasks are offered to, and what a person's roles give. */
public enum Group {
    RESPONDERS,
    APPROVERS,
    SECURITY_OPERATIONS,
    AUDITORS,
    ADMINISTRATORS;

    public String code() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** @throws IllegalArgumentException for a code that no group has */
    public static Group ofCode(String code) {
        return valueOf(code.toUpperCase(Locale.ROOT).replace('-', '_'));
    }
}
