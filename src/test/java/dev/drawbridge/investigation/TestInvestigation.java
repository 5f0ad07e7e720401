package dev.drawbridge.investigation;

import dev.drawbridge.alert.Alert;
import dev.drawbridge.shared.AlertId;
import dev.drawbridge.shared.Digest;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Alerts as the shipped samples carry them, and clients without a Spring context. */
final class TestInvestigation {
    static final Instant EVENT = Instant.parse("2026-11-24T09:14:07.512Z");
    static final Instant NOW = Instant.parse("2026-11-24T09:20:00Z");
    static final String AGENT = "7d9f5b14-2a0e-4d55-a0c6-94b55c4f1204";
    static final String HOST = "08439415143a5a261ea7e63c4222f213";
    static final String CP = "ent-e68284e50051ec4f33";
    static final String SHELL = "ent-0f26bca7946e1b45a9";
    static final String SSHD = "ent-a840013763c5c38218";
    static final String PATH = "/etc/kubernetes/manifests/metrics-agent.yaml";
    static final Digest CONTENT = Digest.of("528ff3a9a37e64b42e5e66de492bd152525069eb8cd5935eb1f2f17530d1338e");

    private TestInvestigation() {}

    /** {@code playbooks/samples/elastic-rogue-static-pod.json}. */
    static Alert roguePod() {
        return alert(AGENT, HOST, "worker-1", PATH, CP, List.of(SHELL, SSHD), "root", "deploy", CONTENT);
    }

    static Alert alert(
            @Nullable String agent,
            @Nullable String hostId,
            String host,
            String path,
            @Nullable String process,
            List<String> ancestry,
            @Nullable String user,
            @Nullable String realUser,
            @Nullable Digest content) {
        return new Alert(
                AlertId.of("13d35c6c"),
                "elastic",
                NOW,
                EVENT,
                "0fe2290a-2664-4c9c-8263-b88904f12f0d",
                "Kubernetes Sensitive Configuration File Activity",
                "medium",
                host,
                List.of("10.20.0.21"),
                hostId,
                agent,
                true,
                false,
                "creation",
                path,
                null,
                content,
                new Alert.ProcessFacts("cp", "/usr/bin/cp", 41231L, process, "cp x", ancestry),
                new Alert.UserFacts(user == null ? null : "0", user, realUser == null ? null : "1001", realUser));
    }

    static ElasticsearchProperties properties(URI url, String process, String file, String login, Duration patience) {
        return new ElasticsearchProperties(
                url,
                null,
                null,
                null,
                Duration.ofSeconds(2),
                patience,
                patience.multipliedBy(3),
                List.of(process),
                List.of(file),
                List.of(login),
                Duration.ofDays(7),
                Duration.ofHours(24),
                Duration.ofDays(90),
                100);
    }
}
