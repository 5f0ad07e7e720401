package dev.drawbridge.access;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Bounds guessing: failed attempts per user and address, and ten times as many per address over all users. Kept per
 * instance and in bounded memory. A person elsewhere is not locked out by a stranger who tries their name.
 */
class SignInLimiter {
    private static final int REMEMBERED = 10_000;
    private static final int USERS_PER_ADDRESS = 10;

    private final int attempts;
    private final Duration window;
    private final Clock clock;
    private final Map<String, Failures> failures = new LinkedHashMap<>();

    private record Failures(int count, Instant since) {}

    SignInLimiter(AccessProperties.SignIn settings, Clock clock) {
        this.attempts = settings.attempts();
        this.window = settings.window();
        this.clock = clock;
    }

    /** How long this user at this address still has to wait; zero when an attempt is free. */
    synchronized Duration waitFor(String user, String address) {
        Duration pair = waitFor(pair(user, address), attempts);
        Duration all = waitFor(address, attempts * USERS_PER_ADDRESS);
        return pair.compareTo(all) > 0 ? pair : all;
    }

    /** @return true when this failure is the one after which the pair has to wait */
    synchronized boolean failed(String user, String address) {
        count(address);
        return count(pair(user, address)) == attempts;
    }

    synchronized void succeeded(String user, String address) {
        failures.remove(pair(user, address));
    }

    private Duration waitFor(String key, int allowed) {
        Failures kept = failures.get(key);
        if (kept == null || kept.count() < allowed) {
            return Duration.ZERO;
        }
        Duration left = Duration.between(clock.instant(), kept.since().plus(window));
        return left.isNegative() ? Duration.ZERO : left;
    }

    private int count(String key) {
        Instant now = clock.instant();
        Failures kept = failures.remove(key);
        boolean running = kept != null && now.isBefore(kept.since().plus(window));
        Failures next = running ? new Failures(kept.count() + 1, kept.since()) : new Failures(1, now);
        failures.put(key, next);
        if (failures.size() > REMEMBERED) {
            Iterator<String> longestUntouched = failures.keySet().iterator();
            longestUntouched.next();
            longestUntouched.remove();
        }
        return next.count();
    }

    private static String pair(String user, String address) {
        return address + ' ' + user;
    }
}
