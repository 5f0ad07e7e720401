package dev.drawbridge.workflow;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** A stop, in the middle of everything: what happened is recorded, and what did not begin does not. */
class UrgentThreadsTest {
    /** As many of each kind run at once. */
    private static final int THREADS = 8;

    private final Precedence precedence = new Precedence();
    private final UrgentThreads threads = new UrgentThreads(precedence);
    private final List<String> ran = new CopyOnWriteArrayList<>();
    private final CountDownLatch goOn = new CountDownLatch(1);

    private Applied applied() {
        return new Applied(() -> ran.add("outcome"), () -> ran.add("start"));
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(30, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException stopped) {
            throw new AssertionError(stopped);
        }
    }

    /** Stops in a thread of its own, and returns when that one waits for what runs. */
    private Thread stop() {
        Thread stopping = new Thread(threads::stop);
        stopping.start();
        while (stopping.getState() != Thread.State.TIMED_WAITING && stopping.getState() != Thread.State.TERMINATED) {
            Thread.onSpinWait();
        }
        return stopping;
    }

    @Test
    void whatCameOfARungThatWasAppliedMeanwhileIsRecordedAndItsWorkflowIsLeft() throws Exception {
        CountDownLatch applying = new CountDownLatch(1);
        threads.execute(() -> {
            applying.countDown();
            await(goOn);
            threads.execute(applied());
        });
        await(applying);
        Thread stopping = stop();
        goOn.countDown();
        stopping.join();
        assertThat(ran).containsExactly("outcome");
    }

    @Test
    void whatCameOfARungIsRecordedAlsoWhereNoThreadIsFreeForIt() throws Exception {
        CountDownLatch busy = new CountDownLatch(THREADS);
        CountDownLatch handedOn = new CountDownLatch(1);
        CountDownLatch recorded = new CountDownLatch(1);
        threads.execute(() -> {
            for (int i = 0; i < THREADS; i++) {
                threads.execute(() -> {
                    busy.countDown();
                    await(goOn);
                });
            }
            threads.execute(new Applied(recorded::countDown, () -> ran.add("start")));
            handedOn.countDown();
        });
        await(handedOn);
        await(busy);
        Thread stopping = new Thread(threads::stop);
        stopping.start();
        await(recorded);
        goOn.countDown();
        stopping.join();
        assertThat(ran).isEmpty();
    }

    @Test
    void whatIsHandedOverAfterTheEndIsRecordedByWhoHandsItOver() {
        threads.stop();
        threads.execute(applied());
        assertThat(ran).containsExactly("outcome");
    }

    @Test
    void whatDidNotBeginIsLeft() throws Exception {
        CountDownLatch busy = new CountDownLatch(THREADS);
        for (int i = 0; i < THREADS; i++) {
            threads.execute(() -> {
                busy.countDown();
                await(goOn);
                ran.add("ended");
            });
        }
        await(busy);
        threads.execute(() -> ran.add("began"));
        Thread stopping = stop();
        goOn.countDown();
        stopping.join();
        assertThat(ran).hasSize(THREADS).containsOnly("ended");
        precedence.behindAll(() -> ran.add("a step")).run();
        assertThat(ran).contains("a step");
    }
}
