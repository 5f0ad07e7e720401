package dev.drawbridge.sandbox;

import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What goes wrong between a client and the sandbox's API server; asked once for every request, on the server's thread. */
@FunctionalInterface
public interface ApiFaults {
    /** Nothing goes wrong. */
    ApiFaults NONE = (method, path) -> Optional.empty();

    /**
     * @param method in capitals
     * @param path with query, as sent
     */
    Optional<Fault> on(String method, String path);

    /** One fault. */
    sealed interface Fault {
        /**
         * The server answers this, and does nothing.
         *
         * @param retryAfterSeconds the header, null for none
         */
        record Answer(int code, String reason, @Nullable Integer retryAfterSeconds) implements Fault {}

        /** The server does what was asked, later. Watches are not delayed. */
        record Delay(Duration by) implements Fault {}

        /** The connection breaks before the server saw the request. */
        record Cut() implements Fault {}

        /** The server does what was asked, and the connection breaks before the answer: the client cannot know. */
        record CutAfterEffect() implements Fault {}
    }
}
