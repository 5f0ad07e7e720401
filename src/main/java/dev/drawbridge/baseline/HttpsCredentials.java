package dev.drawbridge.baseline;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
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
    private final Path passwordFile;

    /**
     * @param remote the configured address
     * @param passwordFile read each time, so that a new password counts when the file holds it
     */
    HttpsCredentials(URIish remote, String username, Path passwordFile) {
        this.host = String.valueOf(remote.getHost());
        this.port = port(remote);
        this.username = username;
        this.passwordFile = passwordFile;
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
            } else if (item instanceof CredentialItem.Password password) {
                password.setValue(password().toCharArray());
            }
        }
        return true;
    }

    private String password() {
        try {
            return Files.readString(passwordFile).strip();
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }
}
