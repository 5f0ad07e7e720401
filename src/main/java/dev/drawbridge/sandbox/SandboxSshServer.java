package dev.drawbridge.sandbox;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.PublicKey;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.apache.sshd.common.config.keys.KeyUtils;
import org.apache.sshd.common.config.keys.PublicKeyEntry;
import org.apache.sshd.server.Environment;
import org.apache.sshd.server.ExitCallback;
import org.apache.sshd.server.SshServer;
import org.apache.sshd.server.channel.ChannelSession;
import org.apache.sshd.server.command.Command;
import org.apache.sshd.server.keyprovider.SimpleGeneratorHostKeyProvider;
import org.apache.sshd.sftp.server.SftpSubsystemFactory;

/**
 * The SSH server of one sandbox node. It runs what it is asked to as the user who started the sandbox, on the real file
 * system, like any SSH server; therefore it listens on loopback only and lets in one generated key only.
 */
public final class SandboxSshServer implements AutoCloseable {
    private static final org.slf4j.Logger log = org.slf4j.LoggerFactory.getLogger(SandboxSshServer.class);

    private final SshServer server;
    private final ExecutorService commands;
    private final SimpleGeneratorHostKeyProvider hostKeys;

    /**
     * @param port 0 for any free one
     * @param hostKeyFile is generated when it does not exist
     * @param user the only login name
     * @param authorised the only key
     */
    public SandboxSshServer(int port, Path hostKeyFile, String user, PublicKey authorised) {
        hostKeys = new SimpleGeneratorHostKeyProvider(hostKeyFile);
        hostKeys.setAlgorithm("EC");
        hostKeys.setKeySize(256);
        commands = Executors.newCachedThreadPool(work -> {
            Thread thread = new Thread(work, "sandbox-ssh-command");
            thread.setDaemon(true);
            return thread;
        });
        server = SshServer.setUpDefaultServer();
        server.setHost("127.0.0.1");
        server.setPort(port);
        server.setKeyPairProvider(hostKeys);
        server.setPublickeyAuthenticator(
                (name, key, session) -> name.equals(user) && KeyUtils.compareKeys(key, authorised));
        server.setPasswordAuthenticator(null);
        server.setKeyboardInteractiveAuthenticator(null);
        server.setCommandFactory((channel, command) -> new ShellCommand(command));
        server.setSubsystemFactories(List.of(new SftpSubsystemFactory()));
    }

    public void start() throws IOException {
        server.start();
    }

    public int port() {
        return server.getPort();
    }

    /** The server's line in a client's {@code known_hosts} file. */
    public String knownHostsLine() {
        KeyPair key = hostKeys.loadKeys(null).iterator().next();
        return "[127.0.0.1]:" + port() + " " + PublicKeyEntry.toString(key.getPublic());
    }

    @Override
    public void close() throws IOException {
        server.stop(true);
        commands.shutdownNow();
    }

    /** {@code sh -c}, as sshd runs it, with its streams joined to the channel without polling. */
    private final class ShellCommand implements Command {
        private final String text;
        private InputStream in = InputStream.nullInputStream();
        private OutputStream out = OutputStream.nullOutputStream();
        private OutputStream err = OutputStream.nullOutputStream();
        private ExitCallback exit = (code, message, closeImmediately) -> {};
        private volatile Process process;

        ShellCommand(String text) {
            this.text = text;
        }

        @Override
        public void setInputStream(InputStream stream) {
            in = stream;
        }

        @Override
        public void setOutputStream(OutputStream stream) {
            out = stream;
        }

        @Override
        public void setErrorStream(OutputStream stream) {
            err = stream;
        }

        @Override
        public void setExitCallback(ExitCallback callback) {
            exit = callback;
        }

        @Override
        public void start(ChannelSession channel, Environment env) throws IOException {
            Process started = new ProcessBuilder("sh", "-c", text).start();
            process = started;
            commands.execute(() -> feed(started));
            commands.execute(() -> copy(started.getErrorStream(), err));
            commands.execute(() -> {
                copy(started.getInputStream(), out);
                exit.onExit(exitCode(started));
            });
        }

        private void feed(Process started) {
            try (OutputStream stdin = started.getOutputStream()) {
                byte[] buffer = new byte[32 * 1024];
                for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                    stdin.write(buffer, 0, n);
                    stdin.flush();
                }
            } catch (IOException ended) {
                // the command stopped reading or the channel went away: neither is news, its exit code is
                log.debug("input of a command ended early", ended);
            }
        }

        private void copy(InputStream from, OutputStream to) {
            try {
                byte[] buffer = new byte[32 * 1024];
                for (int n = from.read(buffer); n >= 0; n = from.read(buffer)) {
                    to.write(buffer, 0, n);
                    to.flush();
                }
            } catch (IOException channelGone) {
                destroy(null);
            }
        }

        private int exitCode(Process started) {
            try {
                return started.waitFor();
            } catch (InterruptedException stopping) {
                Thread.currentThread().interrupt();
                return 255;
            }
        }

        @Override
        public void destroy(ChannelSession channel) {
            Process running = process;
            if (running != null) {
                running.descendants().forEach(ProcessHandle::destroyForcibly);
                running.destroyForcibly();
            }
        }
    }
}
