package dev.drawbridge.console;

import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatus;
import org.springframework.web.server.ResponseStatusException;

/** Reads what an address asks for; the address may have been typed by anybody. */
final class Requested {
    private Requested() {}

    /** Null for what is empty or has not the form: a filter that means nothing filters nothing. */
    static <T> @Nullable T orNull(String text, Function<String, T> parser) {
        if (text.isBlank()) {
            return null;
        }
        try {
            return parser.apply(text);
        } catch (IllegalArgumentException meansNothing) {
            return null;
        }
    }

    /** What the text names; not found when it has not even the form. */
    static <T> T existing(String text, Function<String, T> parser) {
        try {
            return parser.apply(text);
        } catch (IllegalArgumentException noName) {
            throw notFound().get();
        }
    }

    static Supplier<ResponseStatusException> notFound() {
        return () -> new ResponseStatusException(HttpStatus.NOT_FOUND);
    }
}
