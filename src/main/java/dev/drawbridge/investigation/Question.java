package dev.drawbridge.investigation;

import java.util.List;

/** One question that every investigation asks about a host. */
interface Question {
    String title();

    List<Part> ask(EventReader events, Subject subject, Deadline deadline);
}
