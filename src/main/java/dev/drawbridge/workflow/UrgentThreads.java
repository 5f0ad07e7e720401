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
                // after the end: the job is durable, and is freed like that of a crashed instance
                (job, ended) -> ((Urgent) job).ended().run());
    }

    /** Counts from now on, and not from when a thread is free. What a rung leads to is a further one. */
    void execute(Runnable job) {
        if (containing.get()) {
            precedence.beginFurther();
            further.execute(new Urgent(precedence.behindFirst(job), precedence::endFurther));
        } else {
            precedence.beginFirst();
            first.execute(new Urgent(job, precedence::endFirst));
        }
    }

    /** @param ended lets go what waits behind it, whether it ran or was discarded */
    private final class Urgent implements Runnable {
        private final Runnable job;
        private final Runnable ended;

        Urgent(Runnable job, Runnable ended) {
            this.job = job;
            this.ended = ended;
        }

        Runnable ended() {
            return ended;
        }

        @Override
        public void run() {
            containing.set(true);
            try {
                job.run();
            } finally {
                ended.run();
            }
        }
    }

    @Override
    public void start() {}

    /** Lets rungs end that began; those that still wait keep their lock until another instance, or the next start, frees it. */
    @Override
    public void stop() {
        running = false;
        for (ThreadPoolExecutor threads : List.of(first, further)) {
            threads.shutdown();
            List<Runnable> left = new ArrayList<>();
            threads.getQueue().drainTo(left);
            left.forEach(job -> ((Urgent) job).ended().run());
        }
        try {
            for (ThreadPoolExecutor threads : List.of(first, further)) {
                if (!threads.awaitTermination(GRACE.toSeconds(), TimeUnit.SECONDS)) {
                    log.warn("a rung of containment did not end within {}", GRACE);
                }
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
