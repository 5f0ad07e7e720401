package dev.drawbridge.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SharedFlushTest {
    private final SharedFlush flushes = new SharedFlush();
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final List<Thread> waiting = new ArrayList<>();

    @AfterEach
    void stop() {
        threads.shutdownNow();
    }

    private Future<?> await(Runnable flush) {
        CompletableFuture<Thread> thread = new CompletableFuture<>();
        Future<?> result = threads.submit(() -> {
            thread.complete(Thread.currentThread());
            flushes.await(flush);
        });
        waiting.add(thread.join());
        return result;
    }

    /** Until the thread that came last can do nothing but wait. */
    private void untilTheLastOneWaits() {
        Awaitility.await()
                .pollInterval(1, TimeUnit.MILLISECONDS)
                .until(() -> waiting.get(waiting.size() - 1).getState() == Thread.State.WAITING);
    }

    private static void hold(CountDownLatch until) {
        try {
            until.await();
        } catch (InterruptedException stopped) {
            throw new IllegalStateException(stopped);
        }
    }

    @Test
    void manyThatWaitShareOneFlushWhichBeganAfterAllOfThem() throws Exception {
        CountDownLatch first = new CountDownLatch(1);
        AtomicInteger later = new AtomicInteger();
        List<Future<?>> all = new ArrayList<>();
        all.add(await(() -> hold(first)));
        untilTheLastOneWaits();
        for (int i = 0; i < 5; i++) {
            all.add(await(later::incrementAndGet));
            untilTheLastOneWaits();
        }
        assertThat(all).noneMatch(Future::isDone);
        first.countDown();
        for (Future<?> one : all) {
            one.get(10, TimeUnit.SECONDS);
        }
        assertThat(later).hasValue(1);
    }

    @Test
    void oneThatFailsFailsForWhoeverBeganItAndIsBegunAnewByTheNext() throws Exception {
        CountDownLatch first = new CountDownLatch(1);
        AtomicInteger anew = new AtomicInteger();
        Future<?> failing = await(() -> {
            hold(first);
            throw new IllegalStateException("the disk is gone");
        });
        untilTheLastOneWaits();
        Future<?> next = await(anew::incrementAndGet);
        untilTheLastOneWaits();
        first.countDown();
        assertThatThrownBy(() -> failing.get(10, TimeUnit.SECONDS))
                .isInstanceOf(ExecutionException.class)
                .hasMessageContaining("the disk is gone");
        next.get(10, TimeUnit.SECONDS);
        assertThat(anew).hasValue(1);
    }

    @Test
    void oneAfterTheOtherFlushesEachTime() {
        AtomicInteger flushed = new AtomicInteger();
        flushes.await(flushed::incrementAndGet);
        flushes.await(flushed::incrementAndGet);
        assertThat(flushed).hasValue(2);
    }
}
