package dev.drawbridge.workflow;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;
import org.springframework.scheduling.concurrent.CustomizableThreadFactory;
import org.springframework.stereotype.Component;

/**
 * Threads that do nothing but contain, first come, first served: steps that wait for nodes and Git never stand before a cordon, and
 * further rungs of one node not before the first one of another.
 */
@Component
class UrgentThreads implements SmartLifecycle {
    private static final Logger log = LoggerFactory.getLogger(UrgentThreads.class);
    /**
     * Of each kind; they wait for the API server most of the time. A step takes a second connection while it holds its first: with the
     * threads of the job executor these are fewer than the pool has, so one that asks for its second never waits for another that does
     * the same.
     */
    private static final int THREADS = 8;

    private static final Duration GRACE = Duration.ofSeconds(20);

    private final Precedence precedence;
    private final ThreadPoolExecutor first = threads("contain-");
    private final ThreadPoolExecutor further = threads("contain-on-");
    private final ThreadLocal<Boolean> containing = ThreadLocal.withInitial(() -> false);
    private volatile boolean running = true;

    UrgentThreads(Precedence precedence) {
        this.precedence = precedence;
    }

    private static ThreadPoolExecutor threads(String name) {
        return new ThreadPoolExecutor(
                THREADS,
                THREADS,
                0,
                TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(),
                new CustomizableThreadFactory(name),
                // after the end, in the thread that hands it over
                (job, ended) -> ((Urgent) job).leave());
    }

    /** Counts from now on, and not from when a thread is free. What a rung leads to is a further one. */
    void execute(Runnable job) {
        if (containing.get()) {
            precedence.beginFurther();
            further.execute(new Urgent(job, precedence.behindFirst(job), precedence::endFurther));
        } else {
            precedence.beginFirst();
            first.execute(new Urgent(job, job, precedence::endFirst));
        }
    }

    /**
     * @param turn the job, when it is its turn
     * @param ended lets go what waits behind it, whether it ran or was left
     */
    private final class Urgent implements Runnable {
        private final Runnable job;
        private final Runnable turn;
        private final Runnable ended;

        Urgent(Runnable job, Runnable turn, Runnable ended) {
            this.job = job;
            this.turn = turn;
            this.ended = ended;
        }

        @Override
        public void run() {
            if (!running) {
                leave();
                return;
            }
            containing.set(true);
            try {
                turn.run();
            } finally {
                ended.run();
            }
        }

        /** A job is durable, and is freed like that of a crashed instance; what came of a rung is nowhere else. */
        void leave() {
            try {
                if (job instanceof Applied applied) {
                    applied.outcome().run();
                }
            } finally {
                ended.run();
            }
        }
    }

    @Override
    public void start() {}

    /**
     * Lets rungs end that began, and records what came of them; those that still wait keep their lock until another instance, or the next start,
     * frees it. First rungs end first: what they leave to be done is handed on.
     */
    @Override
    public void stop() {
        running = false;
        long deadline = System.nanoTime() + GRACE.toNanos();
        end(first, deadline);
        end(further, deadline);
    }

    private static void end(ThreadPoolExecutor threads, long deadline) {
        threads.shutdown();
        List<Runnable> left = new ArrayList<>();
        threads.getQueue().drainTo(left);
        left.forEach(job -> ((Urgent) job).leave());
        try {
            if (!threads.awaitTermination(deadline - System.nanoTime(), TimeUnit.NANOSECONDS)) {
                log.warn("a rung of containment did not end within {}", GRACE);
            }
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        }
    }

    /** After the web server, which lets requests end. */
    @Override
    public int getPhase() {
        return SmartLifecycle.DEFAULT_PHASE - 4096;
    }

    @Override
    public boolean isRunning() {
        return running;
    }
}
