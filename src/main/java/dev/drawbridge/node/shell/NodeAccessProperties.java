package dev.drawbridge.node.shell;

import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.NodePath;
import jakarta.validation.constraints.Min;
import java.util.Map;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * How nodes are reached, and what holds for every way.
 *
 * @param access how nodes are reached
 * @param accessByNode other ways, by node name
 * @param workDirectory root-only directory for staged and quarantined files: on the file system of the watched
 *     directories, in none of them (see decision record 11)
 * @param maxScanEntries more directory entries than that and the scan is refused: a bound against a hostile node
 */
@Validated
@ConfigurationProperties("drawbridge.node")
record NodeAccessProperties(
        @DefaultValue("ssh") NodeAccess access,
        @DefaultValue Map<String, NodeAccess> accessByNode,
        @DefaultValue("/etc/kubernetes/.drawbridge") String workDirectory,
        @DefaultValue("200000") @Min(100) int maxScanEntries) {
    NodeAccessProperties {
        accessByNode = Map.copyOf(accessByNode);
        accessByNode.keySet().forEach(NodeName::of);
        NodePath.of(workDirectory);
    }

    NodePath workPath() {
        return NodePath.of(workDirectory);
    }
}
