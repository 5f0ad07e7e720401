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
        precedence.behindAll(ran::countDown).run();
        assertThat(ran.getCount()).isZero();
    }

    @Test
    void aStepWaitsForTheLastOfAllThatIsUrgent() throws Exception {
        precedence.beginFirst();
        precedence.beginFirst();
        CompletableFuture<Void> step = CompletableFuture.runAsync(precedence.behindAll(() -> {}));
        precedence.endFirst();
        assertThat(step).isNotDone();
        precedence.endFirst();
        step.get(30, TimeUnit.SECONDS);
    }

    @Test
    void aFurtherRungWaitsForFirstOnesAndNotForOthersLikeIt() throws Exception {
        precedence.beginFurther();
        precedence.behindFirst(() -> {}).run();
        precedence.beginFirst();
        CompletableFuture<Void> rung = CompletableFuture.runAsync(precedence.behindFirst(() -> {}));
        CompletableFuture<Void> step = CompletableFuture.runAsync(precedence.behindAll(() -> {}));
        assertThat(rung).isNotDone();
        precedence.endFirst();
        rung.get(30, TimeUnit.SECONDS);
        assertThat(step).as("a step waits for further rungs too").isNotDone();
        precedence.endFurther();
        step.get(30, TimeUnit.SECONDS);
    }

    @Test
    void whatARungLeadsToStandsBehindTheFirstRungsOfOtherNodes() throws Exception {
        UrgentThreads threads = new UrgentThreads(precedence);
        CompletableFuture<String> order = new CompletableFuture<>();
        CountDownLatch other = new CountDownLatch(1);
        precedence.beginFirst();
        threads.execute(() -> threads.execute(() -> order.complete(other.getCount() == 0 ? "behind" : "before")));
        threads.execute(other::countDown);
        other.await();
        precedence.endFirst();
        assertThat(order.get(30, TimeUnit.SECONDS)).isEqualTo("behind");
        threads.stop();
    }

    @Test
    void anEndlessStreamOfAlertsStopsNoStep() throws Exception {
        precedence.beginFirst();
        CompletableFuture.runAsync(precedence.behindAll(() -> {})).get(30, TimeUnit.SECONDS);
    }

    @Test
    void aStepThatWaitsWhenTheInstanceStopsGoesOnInterrupted() throws Exception {
        precedence.beginFirst();
        CompletableFuture<Boolean> interrupted = new CompletableFuture<>();
        Thread step = new Thread(precedence.behindAll(
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
        CompletableFuture.runAsync(precedence.behindAll(() -> {})).get(2, TimeUnit.SECONDS);
    }
}
