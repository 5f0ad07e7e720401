package dev.drawbridge.workflow;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class PrecedenceTest {
    private final Precedence precedence = new Precedence();

    @Test
    void nothingWaitsWhenNothingIsUrgent() {
        CountDownLatch ran = new CountDownLatch(1);
        precedence.behind(ran::countDown).run();
        assertThat(ran.getCount()).isZero();
    }

    @Test
    void aStepWaitsForTheLastOfAllThatIsUrgent() throws Exception {
        precedence.begin();
        precedence.begin();
        CompletableFuture<Void> step = CompletableFuture.runAsync(precedence.behind(() -> {}));
        precedence.end();
        assertThat(step).isNotDone();
        precedence.end();
        step.get(30, TimeUnit.SECONDS);
    }

    @Test
    void anEndlessStreamOfAlertsStopsNoStep() throws Exception {
        precedence.begin();
        CompletableFuture.runAsync(precedence.behind(() -> {})).get(30, TimeUnit.SECONDS);
    }

    @Test
    void aStepThatWaitsWhenTheInstanceStopsGoesOnInterrupted() throws Exception {
        precedence.begin();
        CompletableFuture<Boolean> interrupted = new CompletableFuture<>();
        Thread step = new Thread(precedence.behind(
                () -> interrupted.complete(Thread.currentThread().isInterrupted())));
        step.start();
        step.interrupt();
        assertThat(interrupted.get(30, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void whatIsDiscardedAtTheEndHoldsNobodyBack() throws Exception {
        UrgentThreads threads = new UrgentThreads(precedence);
        CountDownLatch begun = new CountDownLatch(8);
        CountDownLatch end = new CountDownLatch(1);
        for (int i = 0; i < 20; i++) {
            threads.execute(() -> {
                begun.countDown();
                try {
                    end.await();
                } catch (InterruptedException stopped) {
                    Thread.currentThread().interrupt();
                }
            });
        }
        begun.await();
        CompletableFuture<Void> stopped = CompletableFuture.runAsync(threads::stop);
        end.countDown();
        stopped.get(30, TimeUnit.SECONDS);
        threads.execute(() -> {
            throw new AssertionError("ran after the end");
        });
        CompletableFuture.runAsync(precedence.behind(() -> {})).get(2, TimeUnit.SECONDS);
    }
}
