package dev.drawbridge.baseline;

import java.io.IOException;
import java.nio.file.Path;
import org.eclipse.jgit.api.errors.CanceledException;
import org.eclipse.jgit.api.errors.UnsupportedSigningFormatException;
import org.eclipse.jgit.lib.Config;
import org.eclipse.jgit.lib.GpgConfig;
import org.eclipse.jgit.lib.ObjectBuilder;
import org.eclipse.jgit.lib.PersonIdent;
import org.eclipse.jgit.lib.Repository;
import org.eclipse.jgit.lib.Signers;
import org.eclipse.jgit.transport.CredentialItem;
import org.eclipse.jgit.transport.CredentialsProvider;
import org.eclipse.jgit.transport.URIish;
import org.jspecify.annotations.Nullable;

/** Signs with a private SSH key in a file. */
final class SshObjectSigner implements ObjectSigner {
    private final Path key;
    private final char @Nullable [] passphrase;

    /** @param passphrase of the key; null when it has none */
    SshObjectSigner(Path key, char @Nullable [] passphrase) {
        this.key = key;
        this.passphrase = passphrase == null ? null : passphrase.clone();
    }

    @Override
    public void sign(Repository repository, ObjectBuilder object, PersonIdent who) throws IOException {
        // of our own: what the repository's configuration says about signing is not asked
        Config config = new Config();
        config.setString("gpg", null, "format", "ssh");
        try {
            Signers.get(GpgConfig.GpgFormat.SSH)
                    .signObject(
                            repository,
                            new GpgConfig(config),
                            object,
                            who,
                            key.toAbsolutePath().toString(),
                            passphrase == null ? null : new Passphrase(passphrase));
        } catch (CanceledException | UnsupportedSigningFormatException | IOException | RuntimeException unusable) {
            throw new IOException("the signing key could not be used", unusable);
        }
    }

    private static final class Passphrase extends CredentialsProvider {
        private final char[] passphrase;

        Passphrase(char[] passphrase) {
            this.passphrase = passphrase;
        }

        @Override
        public boolean isInteractive() {
            return false;
        }

        @Override
        public boolean supports(CredentialItem... items) {
            return true;
        }

        @Override
        public boolean get(URIish uri, CredentialItem... items) {
            boolean given = false;
            for (CredentialItem item : items) {
                if (item instanceof CredentialItem.Password password) {
                    password.setValue(passphrase);
                    given = true;
                } else if (item instanceof CredentialItem.StringType text && text.isValueSecure()) {
                    text.setValue(new String(passphrase));
                    given = true;
                }
            }
            return given;
        }
    }
}
