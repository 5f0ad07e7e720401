package dev.drawbridge.guardrail;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.ssl.pem.PemSslStoreBundle;
import org.springframework.boot.ssl.pem.PemSslStoreDetails;
import org.springframework.stereotype.Component;

/**
 * etcd's own word about its members, by its JSON gateway
 * (<a href="https://etcd.io/docs/v3.5/dev-guide/api_grpc_gateway/">etcd.io</a>). Only configured addresses are asked, never those that a member
 * list names. A list counts only from a member that was healthy just before: {@code /health} reads through a quorum, so what that member then
 * says of the members is not older than that read, and all who answer must say the same.
 */
@Component
class EtcdMembers {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final int LARGEST_ANSWER = 256 * 1024;
    private static final int MOST_MEMBERS = 100;
    private static final int MAX_REASON = 200;

    private final EtcdProperties properties;
    private @Nullable Connection connection;

    /** Broken settings stop the start; an etcd that is down does not. */
    EtcdMembers(EtcdProperties properties) {
        this.properties = properties;
        if (configured()) {
            connection = connect();
        }
    }

    boolean configured() {
        return !properties.endpoints().isEmpty();
    }

    /** What all that answered say. */
    sealed interface Answer {
        /** All who vote; learners are left out. */
        record Voters(List<Member> members) implements Answer {}

        record NotKnown(String why) implements Answer {}
    }

    /**
     * One voter.
     *
     * @param name as it was started with; empty for one that was added and never started
     * @param peers hosts of its peer addresses
     * @param healthy it answered itself, and read through a quorum
     */
    record Member(String id, String name, Set<String> peers, boolean healthy) {}

    /** What one member knows. */
    private record Said(String cluster, String self, Set<Member> voters) {}

    /** Never throws: what could not be found out is not known. */
    Answer ask() {
        HttpClient client;
        try {
            client = current();
        } catch (IllegalStateException unusable) {
            return new Answer.NotKnown(String.valueOf(unusable.getMessage()));
        }
        Map<URI, String> silent = new LinkedHashMap<>();
        Map<URI, Boolean> healthy = all(client, properties.endpoints(), this::health, EtcdMembers::healthy, silent);
        Map<URI, Said> said = all(client, List.copyOf(healthy.keySet()), this::members, EtcdMembers::said, silent);
        if (said.isEmpty()) {
            return new Answer.NotKnown("no endpoint of etcd is healthy: " + text(silent));
        }
        if (said.values().stream().map(Said::cluster).distinct().count() > 1) {
            return new Answer.NotKnown("the endpoints belong to more than one etcd cluster");
        }
        Set<Set<Member>> lists = said.values().stream().map(Said::voters).collect(Collectors.toSet());
        if (lists.size() > 1) {
            return new Answer.NotKnown("the members of etcd do not agree who they are: perhaps one is being replaced");
        }
        Set<String> answering = said.values().stream().map(Said::self).collect(Collectors.toSet());
        return new Answer.Voters(lists.iterator().next().stream()
                .map(member -> new Member(member.id(), member.name(), member.peers(), answering.contains(member.id())))
                .toList());
    }

    private static String text(Map<URI, String> silent) {
        return silent.entrySet().stream()
                .map(one -> one.getKey().getAuthority() + " (" + one.getValue() + ")")
                .collect(Collectors.joining(", "));
    }

    private HttpRequest health(URI endpoint) {
        return HttpRequest.newBuilder(endpoint.resolve("/health")).GET().build();
    }

    private HttpRequest members(URI endpoint) {
        return HttpRequest.newBuilder(endpoint.resolve("/v3/cluster/member/list"))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString("{}"))
                .build();
    }

    /** All at once, within one time limit. @param silent takes who gave no answer of use, and why */
    private <T> Map<URI, T> all(
            HttpClient client,
            List<URI> endpoints,
            Function<URI, HttpRequest> request,
            Function<JsonNode, T> read,
            Map<URI, String> silent) {
        Map<URI, CompletableFuture<HttpResponse<byte[]>>> asked = new LinkedHashMap<>();
        endpoints.forEach(endpoint ->
                asked.put(endpoint, client.sendAsync(request.apply(endpoint), BoundedBody.ofAtMost(LARGEST_ANSWER))));
        long deadline = System.nanoTime() + properties.timeout().toNanos();
        Map<URI, T> answers = new LinkedHashMap<>();
        asked.forEach((endpoint, answer) -> {
            try {
                answers.put(endpoint, read.apply(body(answer.get(deadline - System.nanoTime(), TimeUnit.NANOSECONDS))));
            } catch (TimeoutException late) {
                answer.cancel(true);
                silent.put(endpoint, "no answer within " + properties.timeout().toMillis() + " ms");
            } catch (InterruptedException stopped) {
                answer.cancel(true);
                Thread.currentThread().interrupt();
                silent.put(endpoint, "interrupted");
            } catch (ExecutionException failed) {
                silent.put(endpoint, reason(Objects.requireNonNullElse(failed.getCause(), failed)));
            } catch (IOException | IllegalArgumentException unusable) {
                silent.put(endpoint, reason(unusable));
            }
        });
        return answers;
    }

    private static String reason(Throwable failed) {
        String why = failed.getMessage() == null ? failed.getClass().getSimpleName() : failed.getMessage();
        return why.substring(0, Math.min(why.length(), MAX_REASON));
    }

    private static JsonNode body(HttpResponse<byte[]> response) throws IOException {
        if (response.statusCode() != 200) {
            throw new IOException("status " + response.statusCode());
        }
        return JSON.readTree(response.body());
    }

    private static boolean healthy(JsonNode answer) {
        if (!answer.path("health").asText().equals("true")) {
            throw new IllegalArgumentException("says that it is not healthy");
        }
        return true;
    }

    private static Said said(JsonNode answer) {
        String cluster = answer.path("header").path("cluster_id").asText();
        String self = answer.path("header").path("member_id").asText();
        JsonNode members = answer.path("members");
        if (cluster.isEmpty() || self.isEmpty() || members.isEmpty() || members.size() > MOST_MEMBERS) {
            throw new IllegalArgumentException("names no members");
        }
        Set<Member> voters = new HashSet<>();
        for (JsonNode member : members) {
            String id = member.path("ID").asText();
            if (id.isEmpty()) {
                throw new IllegalArgumentException("names a member without an id");
            }
            if (!member.path("isLearner").asBoolean()) {
                voters.add(new Member(id, member.path("name").asText(), peers(member.path("peerURLs")), false));
            }
        }
        return new Said(cluster, self, Set.copyOf(voters));
    }

    private static Set<String> peers(JsonNode addresses) {
        Set<String> hosts = new TreeSet<>();
        for (JsonNode address : addresses) {
            String host = URI.create(address.asText()).getHost();
            if (host != null) {
                hosts.add(host.startsWith("[") ? host.substring(1, host.length() - 1) : host);
            }
        }
        return Set.copyOf(hosts);
    }

    /** A client, and of which state of the files it was made: certificates are renewed while we run. */
    private record Connection(HttpClient client, List<FileTime> files) {}

    private synchronized HttpClient current() {
        Connection known = Objects.requireNonNull(connection);
        if (!known.files().equals(files())) {
            known = connect();
            connection = known;
        }
        return known.client();
    }

    private List<FileTime> files() {
        List<FileTime> times = new ArrayList<>();
        Stream.of(properties.caCertificate(), properties.clientCertificate(), properties.clientKey())
                .filter(Objects::nonNull)
                .forEach(file -> times.add(changed(file)));
        return times;
    }

    private static FileTime changed(Path file) {
        try {
            return Files.getLastModifiedTime(file);
        } catch (IOException unreadable) {
            throw new IllegalStateException("the file for etcd cannot be read: " + file, unreadable);
        }
    }

    private Connection connect() {
        List<FileTime> times = files();
        HttpClient.Builder builder = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .followRedirects(HttpClient.Redirect.NEVER)
                .connectTimeout(properties.timeout());
        if (!times.isEmpty()) {
            try {
                builder.sslContext(SslBundle.of(new PemSslStoreBundle(
                                store(properties.clientCertificate(), properties.clientKey()),
                                store(properties.caCertificate(), null)))
                        .createSslContext());
            } catch (RuntimeException unusable) {
                throw new IllegalStateException(
                        "drawbridge.guardrail.etcd: certificate or key cannot be used: " + unusable.getMessage(),
                        unusable);
            }
        }
        return new Connection(builder.build(), times);
    }

    private static @Nullable PemSslStoreDetails store(@Nullable Path certificate, @Nullable Path key) {
        return certificate == null
                ? null
                : PemSslStoreDetails.forCertificate(certificate.toUri().toString())
                        .withPrivateKey(key == null ? null : key.toUri().toString());
    }
}
