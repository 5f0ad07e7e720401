package dev.drawbridge.node.pod;

import dev.drawbridge.sandbox.PodExec;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.ServerWebSocket;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * A kubelet as far as helper pods go: it says that they are ready, and runs commands in them, as processes of this machine. The channels
 * and statuses are those of {@code v4.channel.k8s.io} as a real kubelet was seen to use them.
 */
final class FakeKubelet implements PodExec, AutoCloseable {
    private static final String EXIT_CODE =
            "{\"status\":\"Failure\",\"reason\":\"NonZeroExitCode\",\"details\":{\"causes\":[{\"reason\":\"ExitCode\",\"message\":\"%d\"}]}}";

    /** What becomes of a connection when the command has written so much. */
    enum Ending {
        /** Nothing: the command ends and its exit code is told. */
        TOLD,
        /** As when a load balancer restarts. */
        CUT,
        /** As when the kubelet restarts: closed in order, and no status. */
        CLOSED_WITHOUT_STATUS,
        /** As when the container runtime fails. */
        STATUS_WITHOUT_CODE
    }

    private final KubernetesClient api;
    private final String namespace;
    private final String path;
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final List<String> commands = new CopyOnWriteArrayList<>();
    private final List<String> made = new CopyOnWriteArrayList<>();
    private volatile boolean starts = true;
    private volatile Ending ending = Ending.TOLD;
    private volatile long after;

    /**
     * Told of changes by {@link #changed}.
     *
     * @param api of whoever plays the cluster
     * @param path in which commands are looked for; ACT is the process id of the shell
     */
    FakeKubelet(KubernetesClient api, String namespace, String path) {
        this.api = api;
        this.namespace = namespace;
        this.path = path;
    }

    /** From now on pods are made and never get ready. */
    void stop() {
        starts = false;
    }

    /** @param after bytes of output */
    void endings(Ending ending, long after) {
        this.ending = ending;
        this.after = after;
    }

    /** Names of all pods that were made. */
    List<String> made() {
        return made;
    }

    /** Names of all scripts that were run. */
    List<String> commands() {
        return commands;
    }

    /** Something may have changed at this path of the API. */
    void changed(String object) {
        if (!object.equals("/api/v1/namespaces/" + namespace + "/pods")) {
            return;
        }
        try {
            threads.execute(this::tend);
        } catch (RejectedExecutionException over) {
            // the test is
        }
    }

    private void tend() {
        for (Pod pod : api.pods().inNamespace(namespace).list().getItems()) {
            String phase = pod.getStatus() == null ? null : pod.getStatus().getPhase();
            try {
                if (pod.getMetadata().getDeletionTimestamp() != null) {
                    // its containers are gone: a real API server waits for that
                    api.resource(pod).withGracePeriod(0).delete();
                } else if (phase == null || phase.equals("Pending")) {
                    start(pod.getMetadata().getName());
                }
            } catch (KubernetesClientException gone) {
                // removed meanwhile
            }
        }
    }

    private void start(String name) {
        if (!made.contains(name)) {
            made.add(name);
        }
        if (starts) {
            api.pods()
                    .inNamespace(namespace)
                    .withName(name)
                    .editStatus(found -> new PodBuilder(found)
                            .withNewStatus()
                            .withPhase("Running")
                            .addNewCondition()
                            .withType("Ready")
                            .withStatus("True")
                            .endCondition()
                            .endStatus()
                            .build());
        }
    }

    @Override
    public void run(String pod, List<String> command, ServerWebSocket socket, Runnable cut) {
        commands.add(command.get(3));
        BlockingQueue<Buffer> input = new LinkedBlockingQueue<>();
        Buffer end = Buffer.buffer();
        socket.binaryMessageHandler(message -> {
            if (message.length() > 1 && message.getByte(0) == 0) {
                input.add(message.slice(1, message.length()));
            }
        });
        socket.closeHandler(closed -> input.add(end));
        socket.exceptionHandler(broken -> input.add(end));
        threads.execute(() -> {
            try {
                serve(command, socket, cut, input, end);
            } catch (IOException | CompletionException | IllegalStateException closed) {
                // the client went away
            } catch (InterruptedException over) {
                Thread.currentThread().interrupt();
            }
        });
    }

    private void serve(
            List<String> command, ServerWebSocket socket, Runnable cut, BlockingQueue<Buffer> input, Buffer end)
            throws IOException, InterruptedException {
        List<String> words = new ArrayList<>(List.of("/bin/sh", "-c", "ACT=$$; export ACT; exec \"$0\" \"$@\""));
        words.add(program(command.get(0)));
        words.addAll(command.subList(1, command.size()));
        ProcessBuilder builder = new ProcessBuilder(words).directory(new java.io.File("/"));
        builder.environment().put("PATH", path);
        Process process = builder.start();
        threads.execute(() -> feed(process, input, end));
        Thread errors = new Thread(() -> pump(process.getErrorStream(), 2, socket, cut));
        errors.start();
        boolean whole = pump(process.getInputStream(), 1, socket, cut);
        errors.join();
        int code = process.waitFor();
        input.add(end);
        if (!whole) {
            return;
        }
        if (ending == Ending.CLOSED_WITHOUT_STATUS) {
            socket.close((short) 1000, "");
            return;
        }
        String status = ending == Ending.STATUS_WITHOUT_CODE
                ? "{\"status\":\"Failure\",\"reason\":\"InternalError\",\"message\":\"error executing command\"}"
                : code == 0 ? "{\"status\":\"Success\"}" : EXIT_CODE.formatted(code);
        send(socket, 3, status.getBytes(StandardCharsets.UTF_8), status.length());
        socket.close((short) 1000, "");
    }

    private String program(String name) {
        return Stream.of(path.split(":"))
                .map(directory -> Path.of(directory, name))
                .filter(Files::isExecutable)
                .findFirst()
                .orElseThrow()
                .toString();
    }

    /** Closing the connection is the only end of the input that there is; it ends the command, too. */
    private static void feed(Process process, BlockingQueue<Buffer> input, Buffer end) {
        try (OutputStream stdin = process.getOutputStream()) {
            for (Buffer next = input.take(); next != end; next = input.take()) {
                stdin.write(next.getBytes());
                stdin.flush();
            }
        } catch (IOException | InterruptedException over) {
            // the command reads no more
        }
        process.descendants().forEach(ProcessHandle::destroy);
        process.destroy();
    }

    private boolean pump(InputStream from, int channel, ServerWebSocket socket, Runnable cut) {
        byte[] piece = new byte[32 * 1024];
        long sent = 0;
        try {
            for (int read = from.read(piece); read >= 0; read = from.read(piece)) {
                if (channel == 1 && ending == Ending.CUT && sent + read > after) {
                    send(socket, channel, piece, (int) (after - sent));
                    cut.run();
                    return false;
                }
                send(socket, channel, piece, read);
                sent += read;
            }
        } catch (IOException | CompletionException | IllegalStateException closed) {
            return false;
        }
        return true;
    }

    private static void send(ServerWebSocket socket, int channel, byte[] bytes, int length) {
        if (length == 0) {
            return;
        }
        Buffer message = Buffer.buffer(length + 1).appendByte((byte) channel).appendBytes(bytes, 0, length);
        socket.writeBinaryMessage(message)
                .toCompletionStage()
                .toCompletableFuture()
                .join();
    }

    @Override
    public void close() throws InterruptedException {
        threads.shutdownNow();
        threads.awaitTermination(10, TimeUnit.SECONDS);
    }
}
