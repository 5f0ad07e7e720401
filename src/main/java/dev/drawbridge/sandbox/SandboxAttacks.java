package dev.drawbridge.sandbox;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.drawbridge.shared.NodeName;
import java.net.URI;
import java.time.Clock;
import java.util.List;
import org.springframework.context.annotation.Profile;
import org.springframework.core.env.Environment;
import org.springframework.stereotype.Component;

/** Strikes a node of the sandbox and has the detector report it. */
@Component
@Profile("sandbox")
class SandboxAttacks {
    private final SandboxWorld world;
    private final Environment environment;
    private final SimulatedDetector detector;

    /**
     * @param changed what was really done to the node
     * @param alerts what the intake answered to the one alert; the other changes raise none, as in life
     */
    record Attack(String node, List<SandboxAttack.Change> changed, JsonNode alerts) {}

    SandboxAttacks(SandboxWorld world, Environment environment, ObjectMapper json, Clock clock) {
        this.world = world;
        this.environment = environment;
        this.detector = new SimulatedDetector(json, clock);
    }

    /** @throws IllegalArgumentException when the sandbox has no such node */
    Attack strike(NodeName name) {
        SandboxNode node = SandboxAttack.target(name);
        NodeTree tree = world.tree(name);
        List<SandboxAttack.Change> changed = new SandboxAttack(node, tree).strike();
        JsonNode answer =
                detector.report(address(), world.credentials().alertToken(), node, tree, SandboxAttack.ROGUE_POD);
        return new Attack(name.value(), changed, answer.path("alerts"));
    }

    /** Where this process listens; the sandbox speaks plain HTTP on loopback. */
    private URI address() {
        return URI.create("http://127.0.0.1:" + environment.getRequiredProperty("local.server.port"));
    }
}
