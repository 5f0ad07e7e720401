package dev.drawbridge.investigation;

import co.elastic.clients.elasticsearch.ElasticsearchAsyncClient;
import co.elastic.clients.json.jackson.JacksonJsonpMapper;
import co.elastic.clients.transport.TransportUtils;
import co.elastic.clients.transport.instrumentation.NoopInstrumentation;
import co.elastic.clients.transport.rest_client.RestClientOptions;
import co.elastic.clients.transport.rest_client.RestClientTransport;
import co.elastic.clients.transport.rest_client.SafeResponseConsumer;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.regex.Pattern;
import javax.net.ssl.SSLContext;
import org.apache.http.Header;
import org.apache.http.HttpHost;
import org.apache.http.message.BasicHeader;
import org.elasticsearch.client.HttpAsyncResponseConsumerFactory;
import org.elasticsearch.client.RequestOptions;
import org.elasticsearch.client.RestClient;
import org.elasticsearch.client.RestClientBuilder;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The client, when a URL is configured. Broken settings stop the start; a server that is down does not. */
@Configuration(proxyBeanMethods = false)
@ConditionalOnProperty("drawbridge.investigation.elasticsearch.url")
class ElasticsearchConfiguration {
    /** A search returns at most 1,000 events of a few selected fields; more than this is not an answer to our question. */
    private static final int LARGEST_ANSWER = 16 * 1024 * 1024;

    private static final Pattern KEY = Pattern.compile("[A-Za-z0-9+/=_-]{8,1024}");

    @Bean(destroyMethod = "close")
    EventReader eventReader(ElasticsearchProperties properties) {
        URI url = Objects.requireNonNull(properties.url());
        HttpHost host = new HttpHost(url.getHost(), url.getPort(), url.getScheme());
        SSLContext trust = trust(properties.caCertificate());
        RestClientBuilder builder = RestClient.builder(host)
                .setDefaultHeaders(headers(properties))
                .setRequestConfigCallback(request -> request.setConnectTimeout(
                                (int) properties.connectTimeout().toMillis())
                        .setConnectionRequestTimeout(
                                (int) properties.requestTimeout().toMillis())
                        .setSocketTimeout((int) properties.requestTimeout().toMillis())
                        .setRedirectsEnabled(false))
                .setHttpClientConfigCallback(client -> {
                    client.disableCookieManagement();
                    return trust == null ? client : client.setSSLContext(trust);
                });
        if (url.getRawPath() != null && url.getRawPath().length() > 1) {
            builder.setPathPrefix(url.getRawPath());
        }
        RequestOptions.Builder options = RequestOptions.DEFAULT.toBuilder();
        options.setHttpAsyncResponseConsumerFactory(() -> new SafeResponseConsumer<>(
                new HttpAsyncResponseConsumerFactory.HeapBufferedResponseConsumerFactory(LARGEST_ANSWER)
                        .createHttpAsyncResponseConsumer()));
        RestClientTransport transport = new RestClientTransport(
                builder.build(),
                new JacksonJsonpMapper(JsonMapper.builder().build()),
                new RestClientOptions(options.build(), false),
                // no tracing of what is asked: the default looks for an OpenTelemetry SDK and would hand it the
                // searches
                NoopInstrumentation.INSTANCE);
        return new EventReader(new ElasticsearchAsyncClient(transport), properties);
    }

    private static Header[] headers(ElasticsearchProperties properties) {
        List<Header> headers = new ArrayList<>();
        String key = properties.apiKey();
        Path file = properties.apiKeyFile();
        if (file != null) {
            try {
                key = Files.readString(file).strip();
            } catch (IOException unreadable) {
                throw new IllegalStateException(
                        "drawbridge.investigation.elasticsearch.api-key-file cannot be read: " + file, unreadable);
            }
        }
        if (key != null) {
            if (!KEY.matcher(key).matches()) {
                throw new IllegalStateException(
                        "the Elasticsearch API key is not in its encoded form, base64(id:key), on one line");
            }
            headers.add(new BasicHeader("Authorization", "ApiKey " + key));
        }
        return headers.toArray(Header[]::new);
    }

    private static @Nullable SSLContext trust(@Nullable Path authority) {
        if (authority == null) {
            return null;
        }
        try {
            return TransportUtils.sslContextFromHttpCaCrt(authority.toFile());
        } catch (IOException | RuntimeException unusable) {
            throw new IllegalStateException(
                    "drawbridge.investigation.elasticsearch.ca-certificate is no readable PEM certificate: "
                            + authority,
                    unusable);
        }
    }
}
