package dev.drawbridge.audit;

import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Makes what many threads have committed durable with one flush of the disk: whoever comes first flushes, whoever comes while that is under way waits
 * for the next, which one of them begins for all.
 */
final class SharedFlush {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition over = lock.newCondition();
    private boolean running;
    private long begun;
    private long ended;

    /**
     * Returns when a flush that began after this call has ended.
     *
     * @param flush makes durable whatever anybody committed before it began
     * @throws RuntimeException what the caller's own flush threw; one that failed for another thread is not the caller's
     */
    void await(Runnable flush) {
        lock.lock();
        try {
            // one that is under way may have begun before the caller's commit
            long needed = begun + 1;
            while (ended < needed) {
                if (running) {
                    over.awaitUninterruptibly();
                } else {
                    lead(flush);
                }
            }
        } finally {
            lock.unlock();
        }
    }

    private void lead(Runnable flush) {
        running = true;
        long number = ++begun;
        boolean done = false;
        lock.unlock();
        try {
            flush.run();
            done = true;
        } finally {
            lock.lock();
            running = false;
            if (done) {
                ended = number;
            }
            over.signalAll();
        }
    }
}
