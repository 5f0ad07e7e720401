package dev.drawbridge.investigation;

import java.util.List;

/** What one search over events came to. */
sealed interface Answer {
    /** @param more the search reached its size: older events exist or may exist */
    record Events(List<EventDocument> events, boolean more) implements Answer {
        public Events {
            events = List.copyOf(events);
            if (events.isEmpty()) {
                throw new IllegalArgumentException("no events: that is NothingFound or NotAvailable");
            }
        }
    }

    /** Events of the kind and host are there for the time asked, and none of them fits. */
    record NothingFound() implements Answer {}

    /** @param reason for people; never holds text of the server or of an alert */
    record NotAvailable(String reason) implements Answer {}
}
