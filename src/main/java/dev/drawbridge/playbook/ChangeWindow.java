package dev.drawbridge.playbook;

import java.time.DateTimeException;
import java.time.DayOfWeek;
import java.time.Instant;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A time in which planned changes happen: {@code Sun 01:00-04:00} every week in UTC, or {@code <from>/<to>} once. */
record ChangeWindow(Predicate<Instant> holds) {
    private static final Pattern WEEKLY =
            Pattern.compile("(Mon|Tue|Wed|Thu|Fri|Sat|Sun) ([0-9]{2}:[0-9]{2})-([0-9]{2}:[0-9]{2})");
    private static final List<String> DAYS = Arrays.stream(DayOfWeek.values())
            .map(day -> day.name().charAt(0) + day.name().substring(1, 3).toLowerCase(Locale.ROOT))
            .toList();

    /** @throws IllegalArgumentException with a message for the author */
    static ChangeWindow parse(String text) {
        Matcher weekly = WEEKLY.matcher(text);
        try {
            return weekly.matches()
                    ? weekly(
                            DayOfWeek.of(DAYS.indexOf(weekly.group(1)) + 1),
                            LocalTime.parse(weekly.group(2)),
                            LocalTime.parse(weekly.group(3)))
                    : once(text);
        } catch (DateTimeException noTime) {
            throw new IllegalArgumentException(
                    "neither 'Sun 01:00-04:00' nor '2026-12-01T20:00Z/2026-12-01T23:00Z': " + text, noTime);
        }
    }

    boolean contains(Instant time) {
        return holds.test(time);
    }

    private static ChangeWindow weekly(DayOfWeek day, LocalTime from, LocalTime to) {
        return new ChangeWindow(instant -> {
            ZonedDateTime at = instant.atZone(ZoneOffset.UTC);
            LocalTime time = at.toLocalTime();
            if (from.isBefore(to)) {
                return at.getDayOfWeek() == day && !time.isBefore(from) && time.isBefore(to);
            }
            // over midnight: the evening of the day, and the morning after it
            return (at.getDayOfWeek() == day && !time.isBefore(from))
                    || (at.getDayOfWeek() == day.plus(1) && time.isBefore(to));
        });
    }

    private static ChangeWindow once(String text) {
        int slash = text.indexOf('/');
        Instant from = OffsetDateTime.parse(slash < 0 ? text : text.substring(0, slash))
                .toInstant();
        Instant to = OffsetDateTime.parse(text.substring(slash + 1)).toInstant();
        if (!from.isBefore(to)) {
            throw new IllegalArgumentException("it ends before it begins: " + text);
        }
        return new ChangeWindow(instant -> !instant.isBefore(from) && instant.isBefore(to));
    }
}
