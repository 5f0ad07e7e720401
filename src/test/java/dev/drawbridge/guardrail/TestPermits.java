package dev.drawbridge.guardrail;

import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;

/** Permits for tests of what lies behind the gate. */
public final class TestPermits {
    public static final IncidentId INCIDENT = IncidentId.of("test");

    private TestPermits() {}

    public static Permit on(NodeName node) {
        return new Permit(new Effect(Actor.SYSTEM, INCIDENT, node, Effect.Kind.RESTORE_FILE, "test", "test"));
    }

    public static Permit toReturn(NodeName node) {
        return new Permit(new Effect(Actor.SYSTEM, INCIDENT, node, Effect.Kind.RETURN_FILE, "test", "test"));
    }
}
