package dev.drawbridge.node.pod;

import dev.drawbridge.containment.kubernetes.TestCertificates;
import dev.drawbridge.sandbox.PodExec;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.PemKeyCertOptions;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.util.Base64;
import java.util.List;

/** Where a real API server expects a kubelet: hands on the commands that it is asked to run. */
final class KubeletPort implements AutoCloseable {
    private final Vertx vertx = Vertx.vertx();
    private final HttpServer http;

    KubeletPort(PodExec exec) throws Exception {
        KeyPair keys = KeyPairGenerator.getInstance("EC").generateKeyPair();
        String key = "-----BEGIN PRIVATE KEY-----\n"
                + Base64.getMimeEncoder(64, new byte[] {'\n'})
                        .encodeToString(keys.getPrivate().getEncoded())
                + "\n-----END PRIVATE KEY-----\n";
        String certificate = TestCertificates.pem(TestCertificates.selfSigned(keys, "127.0.0.1"));
        http = vertx.createHttpServer(new HttpServerOptions()
                        .setHost("127.0.0.1")
                        .setPort(0)
                        .setSsl(true)
                        .setKeyCertOptions(new PemKeyCertOptions()
                                .addKeyValue(Buffer.buffer(key))
                                .addCertValue(Buffer.buffer(certificate)))
                        .setMaxInitialLineLength(64 * 1024)
                        .setWebSocketSubProtocols(List.of("v4.channel.k8s.io")))
                .requestHandler(request -> answer(request, exec));
        http.listen().toCompletionStage().toCompletableFuture().get();
    }

    private static void answer(HttpServerRequest request, PodExec exec) {
        // /exec/NAMESPACE/POD/CONTAINER
        String[] path = request.path().split("/");
        if (path.length != 5 || !path[1].equals("exec") || !path[4].equals(HelperPod.CONTAINER)) {
            request.response().setStatusCode(404).end();
            return;
        }
        List<String> command = request.params().getAll("command");
        request.toWebSocket()
                .onSuccess(socket -> exec.run(
                        path[3], command, socket, () -> request.connection().close()));
    }

    int port() {
        return http.actualPort();
    }

    @Override
    public void close() throws Exception {
        vertx.close().toCompletionStage().toCompletableFuture().get();
    }
}
