package dev.drawbridge.sandbox;

import io.fabric8.mockwebserver.http.Response;
import io.fabric8.mockwebserver.http.WebSocket;
import io.fabric8.mockwebserver.http.WebSocketListener;
import java.util.function.UnaryOperator;

/** A watch whose events go through another socket on their way. */
final class WatchBehind extends WebSocketListener {
    private final WebSocketListener watch;
    private final UnaryOperator<WebSocket> through;

    WatchBehind(WebSocketListener watch, UnaryOperator<WebSocket> through) {
        this.watch = watch;
        this.through = through;
    }

    @Override
    public void onOpen(WebSocket socket, Response response) {
        watch.onOpen(through.apply(socket), response);
    }

    @Override
    public void onClosing(WebSocket socket, int code, String reason) {
        watch.onClosing(socket, code, reason);
    }

    @Override
    public void onClosed(WebSocket socket, int code, String reason) {
        watch.onClosed(socket, code, reason);
    }

    @Override
    public void onFailure(WebSocket socket, Throwable failure, Response response) {
        watch.onFailure(socket, failure, response);
    }
}
