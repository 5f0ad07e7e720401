package dev.drawbridge.evidence;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import dev.drawbridge.containment.ClusterRecords;
import dev.drawbridge.containment.ClusterRecords.Document;
import dev.drawbridge.containment.ClusterRecords.Documents;
import dev.drawbridge.evidence.EvidenceItem.Kind;
import dev.drawbridge.node.NodeProcess;
import dev.drawbridge.node.NodeProcesses;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.NodePath;
import dev.drawbridge.shared.TimeLimit;
import dev.drawbridge.shared.TimeLimitException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;

/**
 * What stands around the files. Each part by itself: one that cannot be had says why, costs a bounded time, and holds up neither the
 * others nor the files, without which nothing can be restored.
 */
@Component
class ContextCapture {
    private static final Logger log = LoggerFactory.getLogger(ContextCapture.class);
    private static final Duration PROCESSES_TIME = Duration.ofSeconds(20);
    private static final Duration CLUSTER_TIME = Duration.ofSeconds(15);
    private static final int LONGEST_REASON = 300;
    private static final Pattern USER_INFO = Pattern.compile("//[^/@\\s]*@");

    private final NodeProcesses processes;
    private final ClusterRecords cluster;
    private final JsonMapper json = JsonMapper.builder()
            .addModule(new JavaTimeModule())
            .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
            .build();

    ContextCapture(NodeProcesses processes, ClusterRecords cluster) {
        this.processes = processes;
        this.cluster = cluster;
    }

    /**
     * @param text the content, empty when there is nothing; null when it is not available
     * @param description of the content, or why there is none
     */
    record Part(Kind kind, String origin, @Nullable String text, String description) {}

    /** What is gone first, so it is asked for first: the processes, one JSON object per line. */
    Part processes(NodeName node, List<NodePath> directories) {
        String origin = "processes of the node, and what they have open below " + directories;
        return part(Kind.PROCESSES, origin, node, PROCESSES_TIME, () -> {
            NodeProcesses.Snapshot snapshot = processes.processes(node, directories);
            if (snapshot instanceof NodeProcesses.Snapshot.NotAvailable not) {
                return new Part(Kind.PROCESSES, origin, null, not.reason());
            }
            NodeProcesses.Snapshot.Seen seen = (NodeProcesses.Snapshot.Seen) snapshot;
            StringBuilder lines = new StringBuilder();
            for (NodeProcess process : seen.processes()) {
                lines.append(json(process)).append('\n');
            }
            long touching = seen.processes().stream()
                    .filter(process -> touches(process, directories))
                    .count();
            String said =
                    "%d processes, of which %d work in the watched directories, have something open there or name it"
                            .formatted(seen.processes().size(), touching);
            return new Part(
                    Kind.PROCESSES,
                    origin,
                    lines.toString(),
                    seen.gaps().isEmpty() ? said : said + "; " + String.join("; ", seen.gaps()));
        });
    }

    private static boolean touches(NodeProcess process, List<NodePath> directories) {
        return process.workingDirectory() != null
                || !process.openFiles().isEmpty()
                || directories.stream()
                        .anyMatch(directory -> process.commandLine().contains(directory.toString()));
    }

    /** The node object, each mirror pod, and the events of all of them. */
    List<Part> cluster(NodeName node) {
        List<Part> parts = new ArrayList<>();
        String nodeOrigin = "node object of the API";
        parts.add(part(
                Kind.NODE,
                nodeOrigin,
                node,
                CLUSTER_TIME,
                () -> cluster.node(node)
                        .map(found -> new Part(Kind.NODE, nodeOrigin, found.json(), "as the API server holds it"))
                        .orElseGet(
                                () -> new Part(Kind.NODE, nodeOrigin, null, "the cluster has no node of this name"))));
        List<Document> pods = new ArrayList<>();
        String podsOrigin = "static pods of the API";
        Part all = part(Kind.STATIC_POD, podsOrigin, node, CLUSTER_TIME, () -> {
            Documents found = cluster.mirrorPods(node);
            pods.addAll(found.items());
            return found.complete()
                    ? new Part(Kind.STATIC_POD, podsOrigin, "", "")
                    : new Part(Kind.STATIC_POD, podsOrigin, null, "there are more than the " + pods.size() + " kept");
        });
        pods.forEach(pod -> parts.add(new Part(
                Kind.STATIC_POD,
                "static pod " + pod.namespace() + "/" + pod.name(),
                pod.json(),
                "its mirror pod, as the API server holds it")));
        if (all.text() == null || pods.isEmpty()) {
            parts.add(all.text() == null ? all : new Part(Kind.STATIC_POD, podsOrigin, "", "the API shows none"));
        }
        String eventsOrigin = "events of the node and its static pods";
        parts.add(part(Kind.EVENTS, eventsOrigin, node, CLUSTER_TIME, () -> {
            Documents found = cluster.events(node, pods);
            return new Part(
                    Kind.EVENTS,
                    eventsOrigin,
                    found.items().stream().map(Document::json).collect(Collectors.joining("\n")),
                    found.items().size() + " events, as long as the API server keeps them"
                            + (found.complete() ? "" : "; there are more than these"));
        }));
        return parts;
    }

    private static Part part(Kind kind, String origin, NodeName node, Duration limit, Callable<Part> capture) {
        String reason;
        try {
            return TimeLimit.within(limit, capture);
        } catch (TimeLimitException late) {
            reason = "there was no time left for it";
        } catch (Exception failed) {
            reason = reason(failed);
        }
        log.warn("node={} no evidence of {}: {}", node, origin, reason);
        return new Part(kind, origin, null, reason);
    }

    private String json(Object value) {
        try {
            return json.writeValueAsString(value);
        } catch (JsonProcessingException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    /** One line of plain characters, without credentials that an address may carry. */
    private static String reason(Exception failed) {
        String said = USER_INFO
                .matcher(String.valueOf(failed.getMessage()))
                .replaceAll("//")
                .replaceAll("[^\\x20-\\x7e]+", " ")
                .strip();
        return said.length() > LONGEST_REASON ? said.substring(0, LONGEST_REASON) : said;
    }
}
