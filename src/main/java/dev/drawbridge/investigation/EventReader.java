package dev.drawbridge.investigation;

import co.elastic.clients.elasticsearch.ElasticsearchAsyncClient;
import co.elastic.clients.elasticsearch._types.ElasticsearchException;
import co.elastic.clients.elasticsearch._types.FieldSort;
import co.elastic.clients.elasticsearch._types.SortOptions;
import co.elastic.clients.elasticsearch._types.SortOrder;
import co.elastic.clients.elasticsearch._types.mapping.FieldType;
import co.elastic.clients.elasticsearch.core.SearchRequest;
import co.elastic.clients.elasticsearch.core.SearchResponse;
import co.elastic.clients.transport.TransportException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.UnaryOperator;
import org.elasticsearch.client.ResponseException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads events from Elasticsearch. An answer that is incomplete in any way (a shard failed, a remote cluster was skipped, the
 * search timed out) is no answer: an attacker who brings down one shard must not turn "found" into "nothing found".
 */
class EventReader implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(EventReader.class);

    private final ElasticsearchAsyncClient client;
    private final Duration requestTimeout;

    EventReader(ElasticsearchAsyncClient client, ElasticsearchProperties properties) {
        this.client = client;
        this.requestTimeout = properties.requestTimeout();
    }

    /** Never throws for what a server, a network or an alert can cause. */
    Answer search(EventQuery query, Deadline deadline) {
        Outcome found = ask(query, deadline, search -> wanted(query, search));
        if (found.failure.isPresent()) {
            return new Answer.NotAvailable(found.failure.get());
        }
        if (!found.events.isEmpty()) {
            return new Answer.Events(found.events, found.events.size() >= query.size());
        }
        Outcome anything = ask(
                query,
                deadline,
                search -> search.query(query.scopeOnly())
                        .size(1)
                        .source(source -> source.fetch(false))
                        .terminateAfter(1L));
        if (anything.failure.isPresent()) {
            return new Answer.NotAvailable(anything.failure.get());
        }
        return anything.events.isEmpty()
                ? new Answer.NotAvailable(
                        "there are no such events at all between " + query.from() + " and " + query.to())
                : new Answer.NothingFound();
    }

    private static SearchRequest.Builder wanted(EventQuery query, SearchRequest.Builder search) {
        search.query(query.all())
                .size(query.size())
                .source(source -> source.filter(filter -> filter.includes(query.fields())))
                .sort(SortOptions.of(sort -> sort.field(FieldSort.of(
                        field -> field.field("@timestamp").order(SortOrder.Desc).unmappedType(FieldType.Date)))));
        String newestPer = query.newestPer();
        if (newestPer != null) {
            search.collapse(collapse -> collapse.field(newestPer));
        }
        return search;
    }

    private Outcome ask(EventQuery query, Deadline deadline, UnaryOperator<SearchRequest.Builder> what) {
        Duration time = deadline.left(requestTimeout);
        if (time.isZero()) {
            return Outcome.failed("the time for this investigation was used up");
        }
        SearchRequest request = what.apply(new SearchRequest.Builder()
                        .index(query.indices())
                        .allowPartialSearchResults(false)
                        .trackTotalHits(total -> total.enabled(false))
                        .timeout(time.toMillis() + "ms"))
                .build();
        CompletableFuture<SearchResponse<JsonNode>> answer = client.search(request, JsonNode.class);
        try {
            return judge(answer.get(time.toNanos(), TimeUnit.NANOSECONDS));
        } catch (TimeoutException late) {
            answer.cancel(true);
            return Outcome.failed("Elasticsearch did not answer in time");
        } catch (InterruptedException stopping) {
            answer.cancel(true);
            Thread.currentThread().interrupt();
            return Outcome.failed("the investigation was interrupted");
        } catch (ExecutionException failed) {
            return Outcome.failed(reason(Objects.requireNonNullElse(failed.getCause(), failed)));
        }
    }

    private static Outcome judge(@Nullable SearchResponse<JsonNode> response) {
        if (response == null) {
            return Outcome.failed("the answer could not be understood"); // the JSON value null
        }
        if (response.timedOut()) {
            return Outcome.failed("the search timed out: its answer is not complete");
        }
        if (response.shards().failed().intValue() > 0) {
            return Outcome.failed("some shards did not answer");
        }
        var clusters = response.clusters();
        if (clusters != null && clusters.skipped() + clusters.failed() + clusters.partial() > 0) {
            return Outcome.failed("a remote cluster did not answer");
        }
        if (response.shards().total().intValue() == 0) {
            return Outcome.failed("there is no such index, or it may not be read");
        }
        return new Outcome(
                response.hits().hits().stream()
                        .map(hit -> new EventDocument(
                                Optional.ofNullable(hit.source()).orElseGet(JsonNodeFactory.instance::objectNode)))
                        .toList(),
                Optional.empty());
    }

    /** In our own words: what servers write into errors may repeat what we sent them. */
    private static String reason(Throwable failure) {
        int status = failure instanceof ElasticsearchException refused
                ? refused.status()
                : failure instanceof ResponseException refused
                        ? refused.getResponse().getStatusLine().getStatusCode()
                        : 0;
        if (status == 404) {
            return "there is no such index";
        }
        if (status == 401 || status == 403) {
            return "Elasticsearch refused our credentials (" + status + ")";
        }
        if (status != 0) {
            return "Elasticsearch answered with an error (" + status + ")";
        }
        log.debug("Elasticsearch could not be asked", failure);
        boolean answered = failure instanceof TransportException || !(failure instanceof IOException);
        return answered ? "the answer could not be understood" : "Elasticsearch could not be reached";
    }

    @Override
    public void close() throws IOException {
        client._transport().close();
    }

    private record Outcome(List<EventDocument> events, Optional<String> failure) {
        static Outcome failed(String reason) {
            return new Outcome(List.of(), Optional.of(reason));
        }
    }
}
