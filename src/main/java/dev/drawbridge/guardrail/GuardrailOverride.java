package dev.drawbridge.guardrail;

import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import java.time.Instant;
import java.util.SortedSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The word of two people that one effect may happen although these rules refuse it. It is good once, for this incident, node, kind and target,
 * until it expires; a rule that is not named, and one that can never be overridden, refuses all the same.
 *
 * @param reason the proposer's
 * @param approver somebody else than the proposer
 * @param expiresAt from when on it is good for nothing
 * @param usedAt when a verdict let its effect through by it; null while none did
 */
public record GuardrailOverride(
        String id,
        IncidentId incident,
        NodeName node,
        Effect.Kind kind,
        String target,
        SortedSet<String> rules,
        String reason,
        Actor proposer,
        Actor approver,
        Instant createdAt,
        Instant expiresAt,
        @Nullable Instant usedAt) {
    public GuardrailOverride {
        rules = java.util.Collections.unmodifiableSortedSet(new TreeSet<>(rules));
    }

    /** {@code used}, {@code expired} without having been used, or {@code open}. */
    public String state(Instant now) {
        return usedAt != null ? "used" : expiresAt.isAfter(now) ? "open" : "expired";
    }

    /** @throws IllegalArgumentException for what is no id of an override */
    public static String requireId(String text) {
        if (!text.matches("[A-Za-z0-9-]{1,64}")) {
            throw new IllegalArgumentException("not the id of an override");
        }
        return text;
    }
}
