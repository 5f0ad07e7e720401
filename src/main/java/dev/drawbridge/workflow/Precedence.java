package dev.drawbridge.workflow;

import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.springframework.stereotype.Component;

/**
 * Lets containment go first: while an alert is taken in or a node waits for its first rung, no further rung begins, and while a rung is
 * applied no other step does. Priorities alone only order what waits for a thread; what runs already would share processors and
 * database with the nodes that are still open.
 */
@Component
class Precedence {
    /** So that an endless stream of alerts delays every step of a response, and stops none. */
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private int first;
    private int further;

    /** An alert is taken in, or a node waits for its first rung: everything else waits. */
    void beginFirst() {
        change(1, 0);
    }

    /** It ended; called once for each {@link #beginFirst()}. */
    void endFirst() {
        change(-1, 0);
    }

    /** A node has a rung, and further ones are to follow: no step but a rung begins. */
    void beginFurther() {
        change(0, 1);
    }

    /** It ended; called once for each {@link #beginFurther()}. */
    void endFurther() {
        change(0, -1);
    }

    private void change(int ofFirst, int ofFurther) {
        lock.lock();
        try {
            first += ofFirst;
            further += ofFurther;
            if (first == 0) {
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    /** A further rung, that waits its turn before it runs, in the thread in which it will run. */
    Runnable behindFirst(Runnable rung) {
        return () -> {
            awaitTurn(true);
            rung.run();
        };
    }

    /** A step that waits its turn before it runs, in the thread in which it will run. */
    Runnable behindAll(Runnable step) {
        return () -> {
            awaitTurn(false);
            step.run();
        };
    }

    private void awaitTurn(boolean isRung) {
        lock.lock();
        try {
            long left = PATIENCE.toNanos();
            while ((first > 0 || !isRung && further > 0) && left > 0) {
                left = changed.awaitNanos(left);
            }
        } catch (InterruptedException stopping) {
            // the step itself decides what an interrupted thread means
            Thread.currentThread().interrupt();
        } finally {
            lock.unlock();
        }
    }
}
