package dev.drawbridge.sandbox;

import io.fabric8.mockwebserver.http.RecordedRequest;
import io.fabric8.mockwebserver.http.WebSocket;
import io.fabric8.mockwebserver.http.WebSocketListener;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;

/**
 * Sends the events of watches, in their order, from a thread of its own. The mock's own threads wait until an event is written, which is the
 * work of the server's only thread, and when a watch is closed that one waits for them: the server stood still for half a minute when both met.
 */
final class WatchSender implements AutoCloseable {
    private final ExecutorService sending = Executors.newSingleThreadExecutor(work -> {
        Thread thread = new Thread(work, "sandbox-watches");
        thread.setDaemon(true);
        return thread;
    });

    WebSocketListener through(WebSocketListener watch) {
        return new WatchBehind(watch, Queued::new);
    }

    @Override
    public void close() {
        sending.shutdownNow();
    }

    private final class Queued implements WebSocket {
        private final WebSocket socket;

        Queued(WebSocket socket) {
            this.socket = socket;
        }

        @Override
        public RecordedRequest request() {
            return socket.request();
        }

        /** @return true when it will be sent, unless the watch is closed before */
        @Override
        public boolean send(String event) {
            try {
                sending.execute(() -> socket.send(event));
                return true;
            } catch (RejectedExecutionException stopped) {
                return false;
            }
        }

        @Override
        public boolean send(byte[] event) {
            return send(new String(event, StandardCharsets.UTF_8));
        }

        @Override
        public boolean close(int code, String reason) {
            return socket.close(code, reason);
        }
    }
}
