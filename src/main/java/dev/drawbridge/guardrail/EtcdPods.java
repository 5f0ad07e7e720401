package dev.drawbridge.guardrail;

import dev.drawbridge.shared.NodeName;
import java.util.List;

/** The pods of etcd as the cluster shows them, in the way of kubeadm; whoever knows the cluster implements it. */
public interface EtcdPods {
    /**
     * Asks the cluster each time; empty when there is none to be seen.
     *
     * @throws RuntimeException when it could not be asked
     */
    List<EtcdPod> etcdPods();

    /**
     * One of them.
     *
     * @param ready the mirror of a static pod, shown as ready, and nobody is about to end it
     */
    record EtcdPod(NodeName node, boolean ready) {}
}
