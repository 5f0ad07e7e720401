package dev.drawbridge.investigation;

import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotEmpty;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * Where and how Elasticsearch is asked. Without {@code url} it is not asked at all, and every finding is "not available".
 *
 * @param url {@code https://host:9200}, perhaps with a path; no user information in it, because URLs end up in logs
 * @param apiKey the encoded form ({@code base64(id:key)}); better given by {@code apiKeyFile}
 * @param caCertificate PEM file of the authority that signed the server's certificate; the JVM's own trust otherwise
 * @param connectTimeout until a connection stands
 * @param requestTimeout for one search, whole answer included
 * @param timeBudget for all searches of one investigation: what is not answered by then is "not available"
 * @param processIndices where process events are, as index patterns
 * @param fileIndices where file events are
 * @param loginIndices where logins are
 * @param processWindow how far before the alert a process may have started
 * @param loginWindow how far before the alert a login counts
 * @param fileWindow how far back the history of a file goes
 * @param maxEvents events that one search may return
 */
@Validated
@ConfigurationProperties("drawbridge.investigation.elasticsearch")
record ElasticsearchProperties(
        @Nullable URI url,
        @Nullable String apiKey,
        @Nullable Path apiKeyFile,
        @Nullable Path caCertificate,
        @DefaultValue("2s") Duration connectTimeout,
        @DefaultValue("10s") Duration requestTimeout,
        @DefaultValue("30s") Duration timeBudget,

        @DefaultValue("logs-endpoint.events.process-*") @NotEmpty
        List<String> processIndices,

        @DefaultValue("logs-endpoint.events.file-*") @NotEmpty
        List<String> fileIndices,

        @DefaultValue("logs-system.auth-*") @NotEmpty List<String> loginIndices,
        @DefaultValue("7d") Duration processWindow,
        @DefaultValue("24h") Duration loginWindow,
        @DefaultValue("90d") Duration fileWindow,
        @DefaultValue("100") @Min(10) @Max(1000) int maxEvents) {

    private static final String PREFIX = "drawbridge.investigation.elasticsearch.";
    // what Elasticsearch allows in index names, the wildcard, and the colon of remote clusters
    private static final Pattern INDEX = Pattern.compile("[a-z0-9.*][a-z0-9_.:*-]{0,254}");

    ElasticsearchProperties {
        processIndices = indices("process-indices", processIndices);
        fileIndices = indices("file-indices", fileIndices);
        loginIndices = indices("login-indices", loginIndices);
        positive("connect-timeout", connectTimeout, Duration.ofMinutes(1));
        positive("request-timeout", requestTimeout, Duration.ofMinutes(5));
        positive("time-budget", timeBudget, Duration.ofMinutes(10));
        positive("process-window", processWindow, Duration.ofDays(3660));
        positive("login-window", loginWindow, Duration.ofDays(3660));
        positive("file-window", fileWindow, Duration.ofDays(3660));
        if (apiKey != null && apiKeyFile != null) {
            throw new IllegalArgumentException(PREFIX + "api-key and api-key-file are both set: which one counts?");
        }
        if (url == null) {
            if (apiKey != null || apiKeyFile != null || caCertificate != null) {
                throw new IllegalArgumentException(PREFIX + "url is missing, although other settings are there");
            }
        } else {
            checkUrl(url, apiKey != null || apiKeyFile != null);
        }
    }

    boolean configured() {
        return url != null;
    }

    /** Without the key: records print all their fields. */
    @Override
    public String toString() {
        return "ElasticsearchProperties[url=" + url + "]";
    }

    private static void checkUrl(URI url, boolean withKey) {
        if (url.getHost() == null || !Set.of("http", "https").contains(String.valueOf(url.getScheme()))) {
            throw new IllegalArgumentException(PREFIX + "url must be http://host:port or https://host:port");
        }
        if (url.getRawUserInfo() != null || url.getRawQuery() != null || url.getRawFragment() != null) {
            throw new IllegalArgumentException(PREFIX + "url must not hold credentials, a query or a fragment");
        }
        if (withKey && url.getScheme().equals("http") && !isLoopback(url.getHost())) {
            throw new IllegalArgumentException(PREFIX + "url must be https: the API key would be sent in the clear");
        }
    }

    private static boolean isLoopback(String host) {
        // only literal addresses and the one name that is never asked of DNS: a lookup at start could be answered by
        // anyone
        if (host.equals("localhost")) {
            return true;
        }
        boolean literal = host.startsWith("[") || host.chars().allMatch(c -> c == '.' || Character.isDigit(c));
        try {
            return literal && InetAddress.getByName(host).isLoopbackAddress();
        } catch (UnknownHostException notAnAddress) {
            return false;
        }
    }

    private static List<String> indices(String name, List<String> patterns) {
        for (String pattern : patterns) {
            if (!INDEX.matcher(pattern).matches()) {
                throw new IllegalArgumentException(PREFIX + name + " holds something that is no index pattern");
            }
        }
        return List.copyOf(patterns);
    }

    private static void positive(String name, Duration value, Duration most) {
        if (value.isNegative() || value.isZero() || value.compareTo(most) > 0) {
            throw new IllegalArgumentException(PREFIX + name + " must be more than nothing and at most " + most);
        }
    }
}
