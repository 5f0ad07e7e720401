package dev.drawbridge.benchmark;

import dev.drawbridge.sandbox.SandboxApiServer;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.Collection;
import java.util.Map;
import java.util.function.Consumer;

/** Answers in a millisecond and writes nothing to a disk: the hardest floor there is. */
final class StandInCluster implements BenchmarkCluster {
    private static final String NODES = "/api/v1/nodes/";

    private final SandboxApiServer server;

    StandInCluster(Collection<Node> nodes) {
        server = new SandboxApiServer(0, null, nodes);
    }

    @Override
    public Map<String, Object> properties() {
        return Map.of("drawbridge.kubernetes.master-url", server.url());
    }

    @Override
    public KubernetesClient client() {
        return server.client();
    }

    /** It tells of each change when it is in effect; here nobody changes a node but for a rung. */
    @Override
    public void observe(Consumer<String> risen) {
        server.observe(path -> {
            if (path.startsWith(NODES)) {
                risen.accept(path.substring(NODES.length()));
            }
        });
    }

    @Override
    public void close() {
        server.close();
    }
}
