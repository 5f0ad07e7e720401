package dev.drawbridge.access;

/** The groups that tasks are offered to, and what a person's roles give. */
public enum Group {
    RESPONDERS,
    APPROVERS,
    SECURITY_OPERATIONS,
    AUDITORS,
    ADMINISTRATORS;

    public String code() {
        return name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
    }
}
