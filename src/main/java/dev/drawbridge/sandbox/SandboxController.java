package dev.drawbridge.sandbox;

import dev.drawbridge.access.Group;
import dev.drawbridge.containment.ClusterView;
import dev.drawbridge.shared.NodeName;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.context.annotation.Profile;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.security.access.AccessDeniedException;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.GrantedAuthority;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.server.ResponseStatusException;

/** The sandbox over HTTP: look at the cluster, strike a node. Exists in the sandbox only. */
@RestController
@Profile("sandbox")
class SandboxController {
    private static final Set<String> MAY_STRIKE = Set.of(Group.RESPONDERS.code(), Group.ADMINISTRATORS.code());

    private final SandboxAttacks attacks;
    private final ClusterView cluster;

    record Strike(@Nullable String node) {}

    SandboxController(SandboxAttacks attacks, ClusterView cluster) {
        this.attacks = attacks;
        this.cluster = cluster;
    }

    /** The nodes as the cluster shows them. */
    @GetMapping("/api/v1/sandbox/nodes")
    List<ClusterView.NodeView> nodes() {
        return cluster.nodes();
    }

    /** Really changes files of a node, then reports one of them as Elastic would. */
    @PostMapping(path = "/api/v1/sandbox/attacks", consumes = MediaType.APPLICATION_JSON_VALUE)
    SandboxAttacks.Attack strike(@RequestBody Strike strike, Authentication person) {
        requireMayStrike(person);
        NodeName node = NodeName.tryParse(strike.node() == null ? "" : strike.node())
                .filter(name ->
                        SandboxNode.CLUSTER.stream().anyMatch(one -> one.name().equals(name)))
                .orElseThrow(() ->
                        new ResponseStatusException(HttpStatus.BAD_REQUEST, "node is none of the sandbox's nodes"));
        return attacks.strike(node);
    }

    static void requireMayStrike(Authentication person) {
        if (person.getAuthorities().stream().map(GrantedAuthority::getAuthority).noneMatch(MAY_STRIKE::contains)) {
            throw new AccessDeniedException("only responders and administrators simulate attacks");
        }
    }
}
