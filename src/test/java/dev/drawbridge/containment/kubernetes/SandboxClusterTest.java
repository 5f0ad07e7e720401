package dev.drawbridge.containment.kubernetes;

/** The stories on the sandbox's API server: what holds there and not on a real one would be a mistake of the sandbox's. */
class SandboxClusterTest extends ClusterStories {
    @Override
    ClusterAtHand cluster() {
        return new ClusterAtHand.Sandbox();
    }
}
