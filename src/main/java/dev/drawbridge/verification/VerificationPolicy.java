package dev.drawbridge.verification;

import dev.drawbridge.shared.WatchedSet;

/** What a playbook wants verified. */
public record VerificationPolicy(
        WatchedSet watched, boolean requireNodeReady, boolean requireApiServer, boolean requireStaticPods) {}
