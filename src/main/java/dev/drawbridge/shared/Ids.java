package dev.drawbridge.shared;

/** Source of fresh identities; injected, so that tests can name what they expect. */
@FunctionalInterface
public interface Ids {
    /** A new id of lower-case letters, digits and hyphens, unique without coordination. */
    String next();
}
