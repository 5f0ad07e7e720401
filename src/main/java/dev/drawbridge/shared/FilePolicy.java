package dev.drawbridge.shared;

/** How far Drawbridge goes by itself with files of one class that are not as the baseline says. */
public enum FilePolicy {
    /** It does what is safe: puts the baseline's file in place, or moves away what the baseline does not know. */
    AUTOMATIC,
    /** The same, once a person has approved the plan. */
    ASK,
    /** Nothing: a person does it. */
    TASK
}
