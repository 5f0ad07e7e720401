package dev.drawbridge.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.swagger.v3.oas.annotations.media.Schema;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One page of a list. Paged by key, never by offset: the cost of a page does not grow with what lies before it.
 *
 * @param next value of {@code after} for the page that follows; null on the last page
 */
@JsonInclude(JsonInclude.Include.ALWAYS)
record Listing<T>(
        List<T> items,

        @Schema(description = "value of `after` for the page that follows; null on the last page", nullable = true)
        @Nullable
        String next) {

    /**
     * @param found up to one more than {@code limit}: the one too many tells that there is a next page
     * @param key what {@code after} takes to go on behind an item
     */
    static <S, T> Listing<T> of(List<S> found, int limit, Function<S, String> key, Function<S, T> view) {
        boolean more = found.size() > limit;
        List<S> shown = more ? found.subList(0, limit) : found;
        return new Listing<>(shown.stream().map(view).toList(), more ? key.apply(shown.get(shown.size() - 1)) : null);
    }
}
