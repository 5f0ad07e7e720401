package dev.drawbridge.access;

import java.security.Principal;

/** A detector that showed its token: the principal of the webhook. */
record Detector(String name) implements Principal {
    @Override
    public String getName() {
        return name;
    }
}
