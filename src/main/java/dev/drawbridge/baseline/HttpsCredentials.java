package dev.drawbridge.baseline;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Supplier;
import org.eclipse.jgit.transport.CredentialItem;
import org.eclipse.jgit.transport.CredentialsProvider;
import org.eclipse.jgit.transport.URIish;

/**
 * User name and password, or token, for an {@code https:} remote. They are given to the configured host over TLS and to nobody
 * else: a redirect must not carry them away.
 */
final class HttpsCredentials extends CredentialsProvider {
    private final String host;
    private final int port;
    private final String username;
    private final Supplier<String> password;

    /**
     * @param remote the configured address
     * @param password asked each time, so that a new one counts when its file holds it
     */
    HttpsCredentials(URIish remote, String username, Supplier<String> password) {
        this.host = String.valueOf(remote.getHost());
        this.port = port(remote);
        this.username = username;
        this.password = password;
    }

    private static int port(URIish uri) {
        return uri.getPort() < 0 ? 443 : uri.getPort();
    }

    @Override
    public boolean isInteractive() {
        return false;
    }

    @Override
    public boolean supports(CredentialItem... items) {
        for (CredentialItem item : items) {
            if (!(item instanceof CredentialItem.Username) && !(item instanceof CredentialItem.Password)) {
                return false;
            }
        }
        return true;
    }

    @Override
    public boolean get(URIish uri, CredentialItem... items) {
        if (!"https".equals(uri.getScheme()) || !host.equals(uri.getHost()) || port != port(uri) || !supports(items)) {
            return false;
        }
        for (CredentialItem item : items) {
            if (item instanceof CredentialItem.Username name) {
                name.setValue(username);
            } else if (item instanceof CredentialItem.Password wanted) {
                wanted.setValue(this.password.get().toCharArray());
            }
        }
        return true;
    }

    /** From the file, or else from the environment of this process; one of them is configured. */
    static String password(BaselineProperties settings) {
        Path file = settings.passwordFile();
        if (file == null) {
            return variable(String.valueOf(settings.passwordVariable())).orElse("");
        }
        try {
            return Files.readString(file).strip();
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }

    /** Read from the environment itself: a property of Spring's would be one that something may show. */
    static Optional<String> variable(String name) {
        return Optional.ofNullable(System.getenv(name))
                .filter(value -> !value.isBlank())
                .map(String::strip);
    }
}
