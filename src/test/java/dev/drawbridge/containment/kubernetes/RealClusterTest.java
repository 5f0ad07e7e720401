package dev.drawbridge.containment.kubernetes;

/** The stories on a real API server. */
@ClusterTest
class RealClusterTest extends ClusterStories {
    @Override
    ClusterAtHand cluster() {
        return new RealCluster();
    }
}
