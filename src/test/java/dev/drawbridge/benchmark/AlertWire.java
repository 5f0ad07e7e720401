package dev.drawbridge.benchmark;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Deque;
import java.util.Locale;
import java.util.concurrent.ConcurrentLinkedDeque;

/**
 * Posts alerts over connections that stay open, as a detector does, in the calling thread. The JDK's clients take from one to two milliseconds
 * for themselves before the first byte is sent, on the processors that are measured, and what a detector takes is not Drawbridge's.
 */
final class AlertWire implements AutoCloseable {
    private final URI server;
    private final String token;
    private final Deque<Line> open = new ConcurrentLinkedDeque<>();

    AlertWire(URI server, String token) {
        this.server = server;
        this.token = token;
    }

    record Answer(int status, String body) {}

    private record Line(Socket socket, InputStream in) {}

    Answer send(String alert) throws IOException {
        byte[] body = alert.getBytes(StandardCharsets.UTF_8);
        byte[] head = ("POST /api/v1/alerts/elastic HTTP/1.1\r\nHost: " + server.getAuthority()
                        + "\r\nAuthorization: Bearer " + token
                        + "\r\nContent-Type: application/json\r\nContent-Length: " + body.length + "\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII);
        byte[] request = new byte[head.length + body.length];
        System.arraycopy(head, 0, request, 0, head.length);
        System.arraycopy(body, 0, request, head.length, body.length);
        Line line = open.poll();
        if (line == null) {
            line = connect();
        }
        line.socket().getOutputStream().write(request);
        int status = Integer.parseInt(readLine(line.in()).split(" ")[1]);
        boolean close = false;
        int length = -1;
        for (String field = readLine(line.in()); !field.isEmpty(); field = readLine(line.in())) {
            String lower = field.toLowerCase(Locale.ROOT);
            close |= lower.equals("connection: close");
            if (lower.startsWith("content-length:")) {
                length = Integer.parseInt(
                        lower.substring("content-length:".length()).strip());
            }
        }
        String answer =
                new String(length < 0 ? chunks(line.in()) : line.in().readNBytes(length), StandardCharsets.UTF_8);
        if (close) {
            line.socket().close();
            // the next one finds an open connection, too
            open.add(connect());
        } else {
            open.add(line);
        }
        return new Answer(status, answer);
    }

    private Line connect() throws IOException {
        Socket socket = new Socket(server.getHost(), server.getPort());
        socket.setTcpNoDelay(true);
        return new Line(socket, new BufferedInputStream(socket.getInputStream()));
    }

    private static byte[] chunks(InputStream in) throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (int size = Integer.parseInt(readLine(in), 16); size > 0; size = Integer.parseInt(readLine(in), 16)) {
            all.write(in.readNBytes(size));
            readLine(in);
        }
        readLine(in);
        return all.toByteArray();
    }

    private static String readLine(InputStream in) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int read = in.read(); read != '\n'; read = in.read()) {
            if (read < 0) {
                throw new EOFException("the server closed the connection");
            }
            if (read != '\r') {
                line.append((char) read);
            }
        }
        return line.toString();
    }

    @Override
    public void close() throws IOException {
        for (Line line : open) {
            line.socket().close();
        }
    }
}
