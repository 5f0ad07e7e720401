package dev.drawbridge.benchmark;

import java.util.Arrays;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/** Durations of one kind, in milliseconds. Filled by one thread. */
final class Measured {
    private double[] millis = new double[256];
    private int size;

    void add(long nanos) {
        if (size == millis.length) {
            millis = Arrays.copyOf(millis, 2 * size);
        }
        millis[size++] = nanos / (double) TimeUnit.MILLISECONDS.toNanos(1);
    }

    int size() {
        return size;
    }

    /** The smallest sample that this share of all samples does not exceed: always one that was measured. */
    double percentile(double share) {
        if (size == 0) {
            throw new IllegalStateException("nothing was measured");
        }
        double[] sorted = Arrays.copyOf(millis, size);
        Arrays.sort(sorted);
        return sorted[Math.max(0, (int) Math.ceil(share * size) - 1)];
    }

    double p50() {
        return percentile(0.50);
    }

    double p99() {
        return percentile(0.99);
    }

    @Override
    public String toString() {
        return String.format(Locale.ROOT, "n=%d p50=%.2f p90=%.2f p99=%.2f ms", size, p50(), percentile(0.90), p99());
    }
}
