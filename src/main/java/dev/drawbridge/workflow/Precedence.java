package dev.drawbridge.workflow;

import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.springframework.stereotype.Component;

/**
 * Lets containment go first: while an alert is taken in or a rung is applied by this instance, no other step begins. Priorities alone only
 * order what waits for a thread; steps that run already would share processors and database with the nodes that still have to be cordoned.
 */
@Component
class Precedence {
    /** So that an endless stream of alerts delays every step of a response, and stops none. */
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition idle = lock.newCondition();
    private int urgent;

    /** Something begins that everything else waits for. */
    void begin() {
        lock.lock();
        try {
            urgent++;
        } finally {
            lock.unlock();
        }
    }

    /** It ended; called once for each {@link #begin()}. */
    void end() {
        lock.lock();
        try {
            urgent--;
            if (urgent == 0) {
                idle.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    /** A step that waits its turn before it runs, in the thread in which it will run. */
    Runnable behind(Runnable step) {
        return () -> {
            awaitTurn();
            step.run();
        };
    }

    private void awaitTurn() {
        lock.lock();
        try {
            long left = PATIENCE.toNanos();
            while (urgent > 0 && left > 0) {
                left = idle.awaitNanos(left);
            }
        } catch (InterruptedException stopping) {
            // the step itself decides what an interrupted thread means
            Thread.currentThread().interrupt();
        } finally {
            lock.unlock();
        }
    }
}
