package dev.drawbridge.guardrail;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** One member as etcd 3.5 answers; everything that it says can be changed. */
final class FakeEtcd implements AutoCloseable {
    final List<String> asked = new CopyOnWriteArrayList<>();
    volatile int status = 200;
    volatile String health = "{\"health\":\"true\",\"reason\":\"\"}";
    volatile String members;
    private final HttpServer server;
    private final ExecutorService threads = Executors.newCachedThreadPool();

    FakeEtcd(HttpServer server, String members) {
        this.server = server;
        this.members = members;
        server.setExecutor(threads);
        server.createContext("/", this::answer);
        server.start();
    }

    static FakeEtcd start(String members) throws IOException {
        return new FakeEtcd(HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0), members);
    }

    /** A list as the member {@code self} gives it: names in order, their ids from 1, their peers at 10.0.0.id. */
    static String list(int self, String... names) {
        StringBuilder list = new StringBuilder();
        for (int i = 1; i <= names.length; i++) {
            boolean learner = names[i - 1].startsWith("learner");
            list.append(i == 1 ? "" : ", ")
                    .append("{\"ID\":\"%d\", \"name\":\"%s\", \"peerURLs\":[\"https://10.0.0.%d:2380\"]%s}"
                            .formatted(i, names[i - 1], i, learner ? ", \"isLearner\":true" : ""));
        }
        return "{\"header\":{\"cluster_id\":\"7\", \"member_id\":\"%d\", \"raft_term\":\"2\"}, \"members\":[%s]}"
                .formatted(self, list);
    }

    URI address() {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
    }

    int port() {
        return server.getAddress().getPort();
    }

    private void answer(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getPath();
        asked.add(exchange.getRequestMethod() + " " + path);
        String body = path.equals("/health") ? health : members;
        if (body.isEmpty()) {
            // says nothing until it is closed
            return;
        }
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(status, bytes.length);
        exchange.getResponseBody().write(bytes);
        exchange.close();
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}
