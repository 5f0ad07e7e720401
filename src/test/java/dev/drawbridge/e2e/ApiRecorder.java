package dev.drawbridge.e2e;

import dev.drawbridge.containment.Right;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Stands between the application and an API server, passes every byte on, and notes what was asked for, in the words of
 * Kubernetes' RBAC.
 */
final class ApiRecorder implements AutoCloseable {
    private static final Pattern REQUEST = Pattern.compile("(GET|POST|PUT|PATCH|DELETE) (\\S+) HTTP/1\\.1");
    /** What lies below a subresource, as the paths of a proxied kubelet do, is no right of its own. */
    private static final Pattern RESOURCE =
            Pattern.compile("/(?:api|apis/([^/]+))/v[^/]+(?:/namespaces/[^/]+)?/([a-z]+)(/[^/]+)?(/[^/]+)?(?:/.*)?");

    private final ServerSocket listening;
    private final int target;
    private final Set<String> asked = new ConcurrentSkipListSet<>();

    ApiRecorder(int target) throws IOException {
        this.target = target;
        this.listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        daemon("api-recorder", this::accept);
    }

    int port() {
        return listening.getLocalPort();
    }

    /** Each of them once. */
    Set<Right> asked() {
        return asked.stream().map(ApiRecorder::right).collect(Collectors.toCollection(TreeSet::new));
    }

    private static Right right(String request) {
        String method = request.substring(0, request.indexOf(' '));
        String uri = request.substring(request.indexOf(' ') + 1);
        String path = uri.replaceFirst("\\?.*", "");
        Matcher resource = RESOURCE.matcher(path);
        if (!resource.matches()) {
            return Right.core(method.toLowerCase(java.util.Locale.ROOT), path);
        }
        boolean one = resource.group(3) != null;
        String verb = switch (method) {
            case "GET" -> uri.contains("watch=true") ? "watch" : one ? "get" : "list";
            case "POST" -> "create";
            case "PUT" -> "update";
            case "PATCH" -> "patch";
            default -> "delete";
        };
        String group = resource.group(1) == null ? "" : resource.group(1);
        return new Right(verb, group, resource.group(2) + (resource.group(4) == null ? "" : resource.group(4)));
    }

    private void accept() {
        while (!listening.isClosed()) {
            try {
                Socket client = listening.accept();
                Socket server = new Socket(InetAddress.getLoopbackAddress(), target);
                daemon("api-requests", () -> copy(client, server, true));
                daemon("api-answers", () -> copy(server, client, false));
            } catch (IOException closed) {
                if (!listening.isClosed()) {
                    throw new UncheckedIOException(closed);
                }
            }
        }
    }

    private void copy(Socket from, Socket to, boolean requests) {
        byte[] buffer = new byte[16_384];
        StringBuilder line = new StringBuilder();
        try (from;
                to) {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                if (requests) {
                    note(line, new String(buffer, 0, n, StandardCharsets.ISO_8859_1));
                }
                out.write(buffer, 0, n);
                out.flush();
            }
        } catch (IOException ended) {
            // one side was killed or went away: that is what the other side sees too, by the sockets' end
            line.setLength(0);
        }
    }

    private void note(StringBuilder line, String text) {
        for (char c : text.toCharArray()) {
            if (c == '\n') {
                Matcher request = REQUEST.matcher(line.toString().strip());
                // a body may end without a line break: the next request's line then begins in the middle
                if (request.find()) {
                    asked.add(request.group(1) + " " + request.group(2));
                }
                line.setLength(0);
            } else if (line.length() < 8_192) {
                line.append(c);
            }
        }
    }

    private static void daemon(String name, Runnable work) {
        Thread thread = new Thread(work, name);
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void close() throws IOException {
        listening.close();
    }
}
