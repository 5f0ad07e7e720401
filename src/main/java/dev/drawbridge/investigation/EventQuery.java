package dev.drawbridge.investigation;

import co.elastic.clients.elasticsearch._types.FieldValue;
import co.elastic.clients.elasticsearch._types.query_dsl.Query;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One search over events. Text from alerts becomes the value of a term and nothing else: never a field name, an index, a
 * pattern or a query string, so that it cannot widen the search.
 *
 * @param scope filters that say whose events are asked; when none of them exist at all, nothing may be concluded
 * @param wanted filters that say which of those
 * @param fields what is read of each event
 * @param newestPer keyword field of which only the newest event per value is wanted, or null for all events
 */
record EventQuery(
        List<String> indices,
        Instant from,
        Instant to,
        List<Query> scope,
        List<Query> wanted,
        List<String> fields,
        int size,
        @Nullable String newestPer) {

    /** Lucene's limit for an indexed term, and {@code ignore_above} of Elastic's templates: longer values match nothing. */
    static final int LONGEST_TERM = 1024;

    static Query term(String field, String value) {
        return Query.of(query -> query.term(term -> term.field(field).value(value)));
    }

    static Query terms(String field, Collection<String> values) {
        List<FieldValue> asValues = values.stream().map(FieldValue::of).toList();
        return Query.of(query -> query.terms(terms -> terms.field(field).terms(list -> list.value(asValues))));
    }

    static Query anyOf(List<Query> alternatives) {
        return Query.of(query -> query.bool(bool -> bool.should(alternatives).minimumShouldMatch("1")));
    }

    static Query not(Query excluded) {
        return Query.of(query -> query.bool(bool -> bool.mustNot(excluded)));
    }

    Query all() {
        List<Query> filters = new ArrayList<>(scope);
        filters.addAll(wanted);
        return within(filters);
    }

    Query scopeOnly() {
        return within(scope);
    }

    private Query within(List<Query> filters) {
        return Query.of(query -> query.bool(bool -> bool.filter(filters)
                .filter(window -> window.range(range -> range.date(
                        date -> date.field("@timestamp").gte(from.toString()).lte(to.toString()))))));
    }
}
