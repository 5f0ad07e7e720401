package dev.drawbridge.guardrail;

import dev.drawbridge.shared.Actor;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A person's word that no new response may begin.
 *
 * @param target name of the playbook or node; empty when it is for everything
 * @param endsAt when it ends by itself; null for never
 */
public record Pause(
        String id,
        Scope scope,
        String target,
        String reason,
        Actor by,
        Instant setAt,
        @Nullable Instant endsAt) {
    public enum Scope {
        GLOBAL,
        PLAYBOOK,
        NODE;

        public String code() {
            return name().toLowerCase(java.util.Locale.ROOT);
        }
    }
}
