package dev.drawbridge.guardrail;

import dev.drawbridge.shared.NodeName;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.springframework.stereotype.Component;

/**
 * Who votes in etcd, and who of them is healthy: as etcd says itself where endpoints of it are configured, else as its pods show, else as the
 * nodes of the control plane do. Whatever cannot be found out is not known, and nothing is guessed from the rest.
 */
@Component
class EtcdVoters {
    private final ClusterNodes cluster;
    private final EtcdPods pods;
    private final EtcdMembers members;

    EtcdVoters(ClusterNodes cluster, EtcdPods pods, EtcdMembers members) {
        this.cluster = cluster;
        this.pods = pods;
        this.members = members;
    }

    /** What one look found. */
    sealed interface Look {
        /**
         * @param controlPlane its nodes, and whether each is ready
         * @param voters all of etcd's
         * @param basis what this rests on, for people
         * @param nodesKnown false when the cluster cannot be asked, so that its nodes are those last seen, and none is known to be ready
         */
        record Known(Map<NodeName, Boolean> controlPlane, List<Voter> voters, String basis, boolean nodesKnown)
                implements Look {
            public Known {
                controlPlane = Map.copyOf(controlPlane);
                voters = List.copyOf(voters);
            }

            Known(Map<NodeName, Boolean> controlPlane, List<Voter> voters, String basis) {
                this(controlPlane, voters, basis, true);
            }

            @Override
            public Set<NodeName> controlPlaneNodes() {
                return controlPlane.keySet();
            }
        }

        /** @param controlPlaneNodes as last seen; empty when they were never known */
        record Unknown(String why, boolean nodesKnown, Set<NodeName> controlPlaneNodes) implements Look {
            public Unknown {
                controlPlaneNodes = Set.copyOf(controlPlaneNodes);
            }

            Unknown(String why) {
                this(why, true, Set.of());
            }
        }

        /** Whether the cluster could be asked for its nodes. */
        boolean nodesKnown();

        Set<NodeName> controlPlaneNodes();
    }

    /** @param ill why it is not known to be healthy; empty when it is */
    record Voter(NodeName node, Optional<String> ill) {
        boolean healthy() {
            return ill.isEmpty();
        }
    }

    /** Takes round trips; never throws. */
    Look look() {
        try {
            Optional<List<ClusterNodes.Member>> nodes = cluster.members();
            if (nodes.isEmpty() || !cluster.answers()) {
                return withoutTheCluster(cluster.lastSeen().orElse(List.of()));
            }
            return members.configured() ? byEndpoints(nodes.get(), true) : byPods(nodes.get(), pods.etcdPods());
        } catch (RuntimeException failed) {
            return new Look.Unknown(
                    "the cluster could not be asked for the pods of etcd: "
                            + failed.getClass().getSimpleName() + ": " + failed.getMessage(),
                    true,
                    controlPlane(cluster.lastSeen().orElse(List.of())).keySet());
        }
    }

    /** etcd's own word needs no API server; the pods and the readiness of nodes do. */
    private Look withoutTheCluster(List<ClusterNodes.Member> lastSeen) {
        Set<NodeName> controlPlane = controlPlane(lastSeen).keySet();
        String why = "the nodes of the cluster are not known, because its API server does not answer";
        if (!members.configured()) {
            return new Look.Unknown(why + ", and no endpoint of etcd is configured", false, controlPlane);
        }
        Look byEtcd = byEndpoints(lastSeen, false);
        return byEtcd instanceof Look.Unknown unknown
                ? new Look.Unknown(why + "; " + unknown.why(), false, controlPlane)
                : byEtcd;
    }

    /** @param current whether the nodes say now who is ready */
    private Look byEndpoints(List<ClusterNodes.Member> nodes, boolean current) {
        EtcdMembers.Answer answer = members.ask();
        if (answer instanceof EtcdMembers.Answer.NotKnown notKnown) {
            return new Look.Unknown(notKnown.why());
        }
        List<Voter> voters = new ArrayList<>();
        for (EtcdMembers.Member member : ((EtcdMembers.Answer.Voters) answer).members()) {
            List<ClusterNodes.Member> hosts = nodes.stream()
                    .filter(node -> node.node().value().equals(member.name())
                            || node.addresses().stream().anyMatch(member.peers()::contains))
                    .toList();
            if (hosts.size() != 1) {
                return new Look.Unknown("etcd's member '" + member.name() + "' at " + new TreeSet<>(member.peers())
                        + " is " + (hosts.isEmpty() ? "no node" : "more than one node")
                        + " of the cluster by name and peer address");
            }
            ClusterNodes.Member host = hosts.get(0);
            voters.add(new Voter(
                    host.node(),
                    !member.healthy()
                            ? Optional.of("no endpoint of it answers as healthy")
                            : host.healthy() || !current ? Optional.empty() : Optional.of("its node is not ready")));
        }
        return new Look.Known(
                controlPlane(nodes),
                voters,
                "by etcd's own list of members" + (current ? "" : ", while the API server does not answer"),
                current);
    }

    private static Look byPods(List<ClusterNodes.Member> nodes, List<EtcdPods.EtcdPod> pods) {
        Map<NodeName, Boolean> controlPlane = controlPlane(nodes);
        if (pods.isEmpty()) {
            List<Voter> voters = controlPlane.entrySet().stream()
                    .map(node -> new Voter(
                            node.getKey(),
                            node.getValue() ? Optional.<String>empty() : Optional.of("its node is not ready")))
                    .toList();
            return new Look.Known(
                    controlPlane,
                    voters,
                    "assumed: no pod of etcd is to be seen and no endpoint of it is configured, so each node of the"
                            + " control plane is taken for a voter, and judged by its readiness");
        }
        Map<NodeName, List<Boolean>> ready = pods.stream()
                .collect(Collectors.groupingBy(
                        EtcdPods.EtcdPod::node,
                        TreeMap::new,
                        Collectors.mapping(EtcdPods.EtcdPod::ready, Collectors.toList())));
        Set<NodeName> up = nodes.stream()
                .filter(ClusterNodes.Member::healthy)
                .map(ClusterNodes.Member::node)
                .collect(Collectors.toSet());
        // a node of the control plane without its pod may be a voter whose manifest is gone: it counts, as one that is
        // not healthy
        Set<NodeName> all = new TreeSet<>(controlPlane.keySet());
        all.addAll(ready.keySet());
        List<Voter> voters = all.stream()
                .map(node -> new Voter(node, ill(up.contains(node), ready.getOrDefault(node, List.of()))))
                .toList();
        return new Look.Known(controlPlane, voters, "by etcd's pods");
    }

    private static Optional<String> ill(boolean nodeReady, List<Boolean> podsReady) {
        if (!nodeReady) {
            return Optional.of("its node is not ready");
        }
        if (podsReady.isEmpty()) {
            return Optional.of("no pod of etcd is to be seen on it");
        }
        return podsReady.contains(false) ? Optional.of("its pod of etcd is not ready") : Optional.empty();
    }

    private static Map<NodeName, Boolean> controlPlane(List<ClusterNodes.Member> nodes) {
        return nodes.stream()
                .filter(ClusterNodes.Member::controlPlane)
                .collect(Collectors.toMap(
                        ClusterNodes.Member::node, ClusterNodes.Member::healthy, (one, other) -> one, TreeMap::new));
    }
}
