package dev.drawbridge.investigation;

import java.time.Duration;

/** When an investigation has to be over; counted by the monotonic clock, which no time server moves. */
final class Deadline {
    private final long end;

    private Deadline(long end) {
        this.end = end;
    }

    static Deadline in(Duration time) {
        return new Deadline(System.nanoTime() + time.toNanos());
    }

    /** What is left, never negative, at most {@code most}. */
    Duration left(Duration most) {
        Duration left = Duration.ofNanos(Math.max(0, end - System.nanoTime()));
        return left.compareTo(most) < 0 ? left : most;
    }
}
