package dev.drawbridge.guardrail;

/** Drawbridge where a test puts it: outside of the cluster as it comes. */
public final class KnownReplicas implements OwnReplicas {
    private volatile Look look = new Look.Elsewhere();

    public void put(Look found) {
        look = found;
    }

    @Override
    public Look look() {
        return look;
    }

    @Override
    public String self() {
        return "outside of the cluster";
    }
}
