package dev.drawbridge.guardrail;

import dev.drawbridge.shared.NodeName;

/**
 * Proof that a verdict allowed one effect and that the audit trail announces it. Everything that changes a node or cluster
 * asks for one, and only {@link EffectGate} makes them: the compiler keeps unguarded effects out.
 */
public final class Permit {
    private final Effect effect;

    Permit(Effect effect) {
        this.effect = effect;
    }

    public Effect effect() {
        return effect;
    }

    /** @throws IllegalStateException when the permit was given for another node */
    public void requireNode(NodeName node) {
        if (!effect.node().equals(node)) {
            throw new IllegalStateException("permit for " + effect.node() + " used on " + node);
        }
    }
}
