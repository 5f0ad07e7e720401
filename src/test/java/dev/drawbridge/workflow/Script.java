package dev.drawbridge.workflow;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Supplier;

/** What a fake answers next; when nothing is left, what it answers ordinarily. */
final class Script<T> {
    private final Deque<Supplier<T>> next = new ArrayDeque<>();

    synchronized void next(T answer) {
        next.add(() -> answer);
    }

    synchronized void next(Supplier<T> answer) {
        next.add(answer);
    }

    /** The next calls end with a fault. */
    synchronized void fail(int times, String message) {
        for (int i = 0; i < times; i++) {
            next.add(() -> {
                throw new IllegalStateException(message);
            });
        }
    }

    synchronized void clear() {
        next.clear();
    }

    T take(Supplier<T> otherwise) {
        Supplier<T> taken;
        synchronized (this) {
            taken = next.isEmpty() ? otherwise : next.remove();
        }
        return taken.get();
    }
}
