package dev.drawbridge.guardrail;

import dev.drawbridge.shared.NodeName;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;

/**
 * Leaves every pool of nodes able to do its work: at most a part of it is contained at the same time, and the rest must be healthy. A number of
 * nodes alone would allow all of a small pool. One node of a pool may be contained whatever the percentage, as long as enough healthy ones are left.
 */
@Component
@Order(3)
class PoolLimits implements Guardrail {
    private final GuardrailProperties.Pool limits;
    private final ClusterNodes cluster;

    PoolLimits(GuardrailProperties properties, ClusterNodes cluster) {
        this.limits = properties.pool();
        this.cluster = cluster;
    }

    @Override
    public String rule() {
        return "pool-limits";
    }

    @Override
    public Verdict judge(Effect effect, Situation situation) {
        if (effect.kind() != Effect.Kind.CONTAIN || situation.contains(effect.node())) {
            return new Verdict.Allowed("the response began before");
        }
        Optional<List<ClusterNodes.Member>> known = cluster.members();
        Optional<String> pool = known.stream()
                .flatMap(List::stream)
                .filter(member -> member.node().equals(effect.node()))
                .map(this::pool)
                .findFirst();
        if (pool.isEmpty()) {
            return new Verdict.Refused(rule(), "the pool of the node is not known, so it may be its last node");
        }
        List<ClusterNodes.Member> members = known.get().stream()
                .filter(member -> pool(member).equals(pool.get()))
                .toList();
        Set<NodeName> names = members.stream().map(ClusterNodes.Member::node).collect(Collectors.toSet());
        Set<NodeName> contained = new HashSet<>(situation.usageLocked().others());
        contained.retainAll(names);
        int size = members.size();
        long most = Math.max(1, size * (long) limits.maxPercent() / 100);
        if (contained.size() + 1 > most) {
            return Verdict.NeedsApproval.ofTwo(
                    rule(),
                    contained.size() + " of " + size + " nodes of the pool " + pool.get()
                            + " are contained, the limit is " + limits.maxPercent() + " percent (" + most + ")");
        }
        long left = members.stream()
                .filter(member ->
                        member.healthy() && !member.node().equals(effect.node()) && !contained.contains(member.node()))
                .count();
        String sum = left + " of " + size + " nodes of the pool " + pool.get()
                + " would be left healthy and not contained, the least is " + limits.minHealthyPercent() + " percent";
        // final, unlike the part that may be out of service at once: below it the workloads suffer, whatever anybody
        // agrees to
        return left * 100 >= (long) size * limits.minHealthyPercent()
                ? new Verdict.Allowed(sum)
                : new Verdict.Refused(rule(), sum);
    }

    private String pool(ClusterNodes.Member member) {
        return NodePools.of(limits.label(), member.labels(), member.controlPlane());
    }
}
