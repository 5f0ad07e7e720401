package dev.drawbridge.benchmark;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * The table of this run, on the console and in {@code target/benchmarks.csv}. Ratios are what counts: times of different
 * machines, or of one shared machine on different days, say little.
 */
final class Report {
    private static final Path FILE = Path.of("target", "benchmarks.csv");
    private static final String COLUMNS = "name,case,unit,ours_p50,ours_p99,floor_p50,floor_p99,ratio_p50,ratio_p99";
    private static final List<String> ROWS = new ArrayList<>(List.of(COLUMNS));

    private Report() {}

    /** Adds one row and writes the file, so that a later failure does not lose what was measured. */
    static synchronized void add(String name, String sample, Measured ours, Measured floor) {
        add(name, sample, ours.p50(), ours.p99(), floor.p50(), floor.p99());
        say("%s %s: ours %s; floor %s", name, sample, ours, floor);
    }

    static synchronized void add(
            String name, String sample, double ours50, double ours99, double floor50, double floor99) {
        row(name, sample, "ms", ours50, ours99, floor50, floor99);
    }

    /** A quantity that is no time, and of which the largest counts. */
    static synchronized void largest(String name, String sample, String unit, double ours, double floor) {
        row(name, sample, unit, ours, ours, floor, floor);
        say("%s %s: ours %.1f %s; floor %.1f %s", name, sample, ours, unit, floor, unit);
    }

    /** The same where nothing could be done with less. */
    static synchronized void largest(String name, String sample, String unit, double ours) {
        row(name, sample, unit, ours, ours, 0, 0);
        say("%s %s: %.1f %s", name, sample, ours, unit);
    }

    private static void row(
            String name, String sample, String unit, double ours50, double ours99, double floor50, double floor99) {
        ROWS.add(String.format(
                Locale.ROOT,
                "%s,%s,%s,%.3f,%.3f,%.3f,%.3f,%s,%s",
                name,
                sample,
                unit,
                ours50,
                ours99,
                floor50,
                floor99,
                ratio(ours50, floor50),
                ratio(ours99, floor99)));
        try {
            Files.createDirectories(FILE.getParent());
            Files.write(FILE, ROWS);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    /** Empty where the floor is nothing. */
    private static String ratio(double ours, double floor) {
        return floor > 0 ? String.format(Locale.ROOT, "%.2f", ours / floor) : "";
    }

    /** Says whether a target was met. Time fails no build: the machine may be busy with something else. */
    static void target(String name, String sample, Measured ours, Measured floor, double atMost50, double atMost99) {
        double ratio50 = ours.p50() / floor.p50();
        double ratio99 = ours.p99() / floor.p99();
        say(
                "target %s %s: p50 at most %.0f times the floor: %.2f, %s; p99 at most %.0f times: %.2f, %s",
                name,
                sample,
                atMost50,
                ratio50,
                ratio50 <= atMost50 ? "met" : "NOT met",
                atMost99,
                ratio99,
                ratio99 <= atMost99 ? "met" : "NOT met");
    }

    /** The same for the median alone. */
    static void goal(String name, String sample, Measured ours, Measured floor, double atMost50) {
        double ratio50 = ours.p50() / floor.p50();
        say(
                "goal %s %s: p50 at most %.1f times the floor: %.2f, %s",
                name, sample, atMost50, ratio50, ratio50 <= atMost50 ? "met" : "NOT met");
    }

    static void say(String format, Object... arguments) {
        System.out.println("benchmark: " + String.format(Locale.ROOT, format, arguments));
    }

    static synchronized void print() {
        List<String[]> cells = ROWS.stream().map(row -> row.split(",", -1)).toList();
        int[] width = new int[cells.get(0).length];
        cells.forEach(row -> {
            for (int i = 0; i < width.length; i++) {
                width[i] = Math.max(width[i], row[i].length());
            }
        });
        StringBuilder table = new StringBuilder();
        for (String[] row : cells) {
            table.append('\n');
            for (int i = 0; i < width.length; i++) {
                table.append(String.format((i < 3 ? "%-" : "%") + width[i] + "s  ", row[i]));
            }
        }
        System.out.println(table);
    }
}
