package dev.drawbridge.node.pod;

import dev.drawbridge.node.NodeAccessException;
import dev.drawbridge.node.NodeUnreachableException;
import dev.drawbridge.node.NodeUse;
import dev.drawbridge.node.shell.FirstBytes;
import dev.drawbridge.node.shell.GuardedOutput;
import dev.drawbridge.node.shell.NodeAccess;
import dev.drawbridge.node.shell.NodeShell;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.NodePath;
import dev.drawbridge.shared.TimeLimit;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.ExecWatch;
import io.fabric8.kubernetes.client.http.WebSocketHandshakeException;
import jakarta.annotation.PreDestroy;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/**
 * A shell in a helper pod. One pod to look and, only where something is changed, another to change serve one step of a response; both go
 * with it. A sweep has the first only.
 */
@Component
class PodShell implements NodeShell {
    private static final int MAX_STDERR = 4_096;
    /** The client waits for ever when it is given more than 16 MB at once. */
    private static final int PIECE = 32 * 1024;

    private final HelperPods pods;
    private final NodePodProperties settings;
    private final Semaphore slots;
    /** Of the slots, those that may be taken for no incident: a response never waits for all of them to come back from sweeps. */
    private final Semaphore sweeping;

    private final ExecutorService feeding = Executors.newCachedThreadPool(work -> {
        Thread thread = new Thread(work, "helper-pod-input");
        thread.setDaemon(true);
        return thread;
    });

    PodShell(HelperPods pods, NodePodProperties settings) {
        this.pods = pods;
        this.settings = settings;
        this.slots = new Semaphore(settings.maxConcurrent(), true);
        this.sweeping = new Semaphore(Math.max(1, settings.maxConcurrent() / 2), true);
    }

    private record Key(NodeName node, Use use) {}

    /** Of a step or a sweep, for all of its pods: one that has the first never waits for the second. */
    private record Slot(List<Semaphore> held) {
        void release() {
            held.forEach(Semaphore::release);
        }
    }

    @PreDestroy
    void stop() {
        feeding.shutdownNow();
    }

    @Override
    public NodeAccess access() {
        return NodeAccess.POD;
    }

    @Override
    public NodePath prefix(NodeName node) {
        return NodePath.of(pods.mountPath());
    }

    @Override
    public Optional<String> processesHidden() {
        return settings.processes()
                ? Optional.empty()
                : Optional.of("the node is reached by a helper pod without drawbridge.node.pod.processes");
    }

    @Override
    public Ended run(NodeName node, Call call, OutputStream stdout) {
        NodeUse by = NodeUse.current()
                .orElseThrow(() -> new NodeAccessException("node " + node
                        + " is reached by helper pods, which are started for incidents and sweeps only"));
        if (by.incident() == null && call.use() != Use.LOOK) {
            throw new NodeAccessException("node " + node + " is changed for incidents only");
        }
        by.kept(Slot.class, Slot.class, () -> slot(by, node), Slot::release);
        Key key = new Key(node, call.use());
        HelperPod pod = by.kept(
                key,
                HelperPod.class,
                () -> pods.start(by, node, call.use()),
                over -> pods.remove(by, over, "its work is over"));
        try {
            return exec(pod, call, stdout);
        } catch (NodeUnreachableException broken) {
            // perhaps the pod is gone: a repetition within this step must not meet it again
            by.forget(key);
            throw broken;
        }
    }

    private Slot slot(NodeUse by, NodeName node) {
        List<Semaphore> held = new ArrayList<>();
        boolean all = false;
        try {
            for (Semaphore one : by.incident() == null ? List.of(sweeping, slots) : List.of(slots)) {
                Duration patience = TimeLimit.atMost(settings.commandTimeout());
                if (!one.tryAcquire(patience.toMillis(), TimeUnit.MILLISECONDS)) {
                    throw new NodeUnreachableException(
                            "too many nodes are reached by helper pods, node " + node + " waits", null);
                }
                held.add(one);
            }
            all = true;
            return new Slot(held);
        } catch (InterruptedException stopping) {
            Thread.currentThread().interrupt();
            throw new NodeUnreachableException("interrupted while waiting for node " + node, stopping);
        } finally {
            if (!all) {
                held.forEach(Semaphore::release);
            }
        }
    }

    private Ended exec(HelperPod pod, Call call, OutputStream stdout) {
        AtomicReference<@Nullable ExecWatch> running = new AtomicReference<>();
        AtomicBoolean refused = new AtomicBoolean();
        GuardedOutput output = new GuardedOutput(stdout, () -> {
            refused.set(true);
            close(running.get());
        });
        FirstBytes stderr = new FirstBytes(MAX_STDERR);
        AtomicBoolean shortInput = new AtomicBoolean();
        Duration patience = TimeLimit.atMost(settings.commandTimeout());
        try (ExecWatch watch = pods.resource(pod)
                .inContainer(HelperPod.CONTAINER)
                .redirectingInput()
                .writingOutput(output)
                .writingError(stderr)
                .exec(call.script().words(call.arguments()).toArray(String[]::new))) {
            running.set(watch);
            if (refused.get()) {
                watch.close();
            }
            Future<?> input = feeding.submit(() -> feed(watch, call.input(), shortInput));
            try {
                Integer code = watch.exitCode().get(patience.toMillis(), TimeUnit.MILLISECONDS);
                output.rethrow();
                if (shortInput.get()) {
                    throw new NodeAccessException("the input for node " + pod.node() + " ended early");
                }
                // none: closed without a status; negative: a status that tells none
                if (code == null || code < 0) {
                    throw new NodeUnreachableException(
                            "the helper pod on node " + pod.node() + " did not say how the command ended: "
                                    + HelperPods.said(stderr.text()),
                            null);
                }
                return new Ended(code, stderr.text());
            } finally {
                input.cancel(true);
            }
        } catch (TimeoutException late) {
            throw new NodeUnreachableException("no answer from node " + pod.node() + " within " + patience, late);
        } catch (ExecutionException | KubernetesClientException broken) {
            output.rethrow();
            if (shortInput.get()) {
                throw new NodeAccessException("the input for node " + pod.node() + " ended early", broken);
            }
            throw refusal(broken)
                    .map(refusal -> new NodeUnreachableException(
                            "no command may run in the helper pod on node " + pod.node() + ": " + refusal, broken))
                    .orElseGet(() -> new NodeUnreachableException(
                            "the connection to the helper pod on node " + pod.node() + " broke", broken));
        } catch (InterruptedException stopping) {
            Thread.currentThread().interrupt();
            throw new NodeUnreachableException("interrupted while node " + pod.node() + " answered", stopping);
        }
    }

    /** What the API server answered instead of opening a connection. */
    private static Optional<String> refusal(Throwable broken) {
        for (Throwable cause = broken; cause != null; cause = cause.getCause()) {
            if (cause instanceof WebSocketHandshakeException refused && refused.getResponse() != null) {
                return Optional.of("HTTP " + refused.getResponse().code());
            }
            if (cause instanceof KubernetesClientException refused && refused.getCode() > 0) {
                return Optional.of("HTTP " + refused.getCode() + " " + HelperPods.said(refused.getMessage()));
            }
        }
        return Optional.empty();
    }

    /** The script knows how much it reads: the end of the input cannot be told (v4 of the protocol), but a connection can be closed. */
    private static void feed(ExecWatch watch, Input input, AtomicBoolean shortInput) {
        long sent = 0;
        try {
            OutputStream stdin = watch.getInput();
            byte[] piece = new byte[PIECE];
            while (sent < input.size()) {
                int read = input.bytes().read(piece, 0, (int) Math.min(PIECE, input.size() - sent));
                if (read < 0) {
                    break;
                }
                stdin.write(piece, 0, read);
                sent += read;
            }
            stdin.flush();
        } catch (IOException | RuntimeException over) {
            // the command ended before it read everything, or the input broke: what it says of itself counts
            if (watch.exitCode().isDone()) {
                return;
            }
        }
        if (sent < input.size()) {
            shortInput.set(true);
            watch.close();
        }
    }

    private static void close(@Nullable ExecWatch watch) {
        if (watch != null) {
            watch.close();
        }
    }
}
