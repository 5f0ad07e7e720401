package dev.drawbridge.containment.kubernetes;

import dev.drawbridge.guardrail.ClusterNodes;
import dev.drawbridge.guardrail.NodeLabels;
import dev.drawbridge.node.NodeDirectory;
import dev.drawbridge.node.NodeInfo;
import dev.drawbridge.shared.NodeName;
import io.fabric8.kubernetes.api.model.ListOptionsBuilder;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeAddress;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import jakarta.annotation.PreDestroy;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;

/**
 * The nodes by an informer: one list, then a watch, in memory. An API server that is down at start or later changes nothing but the
 * age of the answers; before the first list there are none.
 */
@Component
class KubernetesNodeDirectory implements NodeDirectory, NodeLabels, ClusterNodes {
    private static final Logger log = LoggerFactory.getLogger(KubernetesNodeDirectory.class);
    private static final String ROLE = "node-role.kubernetes.io/";

    /** The second is what kubeadm called it before 1.24. */
    private static final Set<String> CONTROL_PLANE = Set.of("control-plane", "master");

    private final KubernetesClient client;
    private final SharedIndexInformer<Node> informer;
    private final AtomicBoolean failing = new AtomicBoolean();
    private volatile boolean stopping;

    KubernetesNodeDirectory(KubernetesClient client) {
        this.client = client;
        informer = client.nodes().runnableInformer(0);
        informer.exceptionHandler((started, failure) -> {
            // once per outage, not once per attempt
            if (failing.compareAndSet(false, true)) {
                log.warn("the nodes of the cluster cannot be watched, trying on: {}", failure.getMessage());
            }
            return true;
        });
        informer.addEventHandler(new Heard());
        informer.start().whenComplete((synced, failure) -> {
            if (failure != null && !stopping) {
                log.error("the watch on the nodes of the cluster ended", failure);
            } else if (failure == null) {
                heard();
                log.info("the cluster has {} nodes", informer.getStore().list().size());
            }
        });
    }

    @PreDestroy
    void stop() {
        stopping = true;
        informer.stop();
    }

    private void heard() {
        if (failing.compareAndSet(true, false)) {
            log.info("the nodes of the cluster are watched again");
        }
    }

    /** Any word from the API server ends an outage; nothing else tells of a watch that was taken up again. */
    private final class Heard implements ResourceEventHandler<Node> {
        @Override
        public void onAdd(Node node) {
            heard();
        }

        @Override
        public void onUpdate(Node before, Node after) {
            heard();
        }

        @Override
        public void onDelete(Node node, boolean finalStateUnknown) {
            heard();
        }
    }

    @Override
    public Lookup find(NodeName name) {
        if (!informer.hasSynced()) {
            return new Lookup.NotAvailable("the nodes of the cluster were not read yet");
        }
        return cached(name).<Lookup>map(node -> new Lookup.Known(info(node))).orElseGet(Lookup.Unknown::new);
    }

    @Override
    public List<NodeInfo> all() {
        return informer.getStore().list().stream()
                .map(KubernetesNodeDirectory::info)
                .sorted(Comparator.comparing(NodeInfo::name))
                .toList();
    }

    @Override
    public Optional<Map<String, String>> labels(NodeName node) {
        return cached(node).map(known -> orEmpty(known.getMetadata().getLabels()));
    }

    @Override
    public Optional<List<Member>> members() {
        // while the watch is broken, nobody knows who is healthy now
        if (!informer.hasSynced() || failing.get()) {
            return Optional.empty();
        }
        return Optional.of(stored(true));
    }

    @Override
    public boolean answers() {
        try {
            client.nodes().list(new ListOptionsBuilder().withLimit(1L).build());
            return true;
        } catch (KubernetesClientException failed) {
            // who refuses answers; a server that cannot read its etcd does not, and without a connection there is no
            // code
            return failed.getCode() >= 400 && failed.getCode() < 500;
        }
    }

    @Override
    public Optional<List<Member>> lastSeen() {
        return informer.hasSynced() ? Optional.of(stored(false)) : Optional.empty();
    }

    private List<Member> stored(boolean current) {
        return informer.getStore().list().stream()
                .map(node -> {
                    NodeInfo info = info(node);
                    boolean controlPlane = info.roles().stream().anyMatch(CONTROL_PLANE::contains);
                    return new Member(
                            info.name(), controlPlane, current && ready(node), info.labels(), info.addresses());
                })
                .toList();
    }

    private static boolean ready(Node node) {
        return node.getStatus() != null
                && node.getStatus().getConditions().stream()
                        .anyMatch(condition ->
                                "Ready".equals(condition.getType()) && "True".equals(condition.getStatus()));
    }

    /** The node as last seen; empty when it was not seen. Good for a first attempt that the API server checks. */
    Optional<Node> cached(NodeName name) {
        return informer.hasSynced()
                ? Optional.ofNullable(informer.getStore().getByKey(name.value()))
                : Optional.empty();
    }

    private static NodeInfo info(Node node) {
        Map<String, String> labels = orEmpty(node.getMetadata().getLabels());
        Set<String> roles = labels.keySet().stream()
                .filter(label -> label.startsWith(ROLE) && label.length() > ROLE.length())
                .map(label -> label.substring(ROLE.length()))
                .collect(Collectors.toSet());
        Set<String> addresses = Stream.ofNullable(node.getStatus())
                .flatMap(status -> status.getAddresses().stream())
                .map(NodeAddress::getAddress)
                .filter(Objects::nonNull)
                .collect(Collectors.toSet());
        return new NodeInfo(
                NodeName.of(node.getMetadata().getName()), node.getMetadata().getUid(), addresses, roles, labels);
    }

    private static Map<String, String> orEmpty(@Nullable Map<String, String> map) {
        return map == null ? Map.of() : map;
    }
}
