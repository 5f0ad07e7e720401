package dev.drawbridge.guardrail;

import dev.drawbridge.shared.NodeName;

/**
 * Proof that a verdict allowed one effect and that the audit trail announces it. Everything that changes a node or cluster
 * asks for one, and only {@link EffectGate} makes them: the compiler keeps unguarded effects out. It ends with the effect, so one that was
 * put aside allows nothing later.
 */
public final class Permit {
    private final Effect effect;
    private volatile boolean ended;

    Permit(Effect effect) {
        this.effect = effect;
    }

    public Effect effect() {
        return effect;
    }

    /** @throws IllegalStateException when the permit was given for another node, or its effect is over */
    public void requireNode(NodeName node) {
        if (ended) {
            throw new IllegalStateException("the permit for " + effect.target() + " is over");
        }
        if (!effect.node().equals(node)) {
            throw new IllegalStateException("permit for " + effect.node() + " used on " + node);
        }
    }

    /** @throws IllegalStateException also when it was given for another kind of effect */
    public void require(NodeName node, Effect.Kind kind) {
        requireNode(node);
        if (effect.kind() != kind) {
            throw new IllegalStateException("permit to " + effect.kind().code() + " used to " + kind.code());
        }
    }

    void end() {
        ended = true;
    }
}
