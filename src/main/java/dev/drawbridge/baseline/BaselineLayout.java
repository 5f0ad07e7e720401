package dev.drawbridge.baseline;

/** How the tree of a baseline is to be read. */
enum BaselineLayout {
    /** Directories {@code nodes/<name>} over {@code roles/<role>}, each with {@code /} as its root. */
    OVERLAY,
    /** The tree is the {@code /etc} of one node, as etckeeper keeps it. */
    ETCKEEPER
}
