package dev.drawbridge.containment;

import java.time.Duration;

/** What a look at something that has to hold before the next rung came to. */
public sealed interface Proven {
    String detail();

    /** It holds now. */
    record Yes(String detail) implements Proven {}

    /** Not yet; to be asked again. */
    record NotYet(String detail, Duration next) implements Proven {}

    /** Not in the time that it has, or not to be found out. */
    record No(String detail) implements Proven {}
}
