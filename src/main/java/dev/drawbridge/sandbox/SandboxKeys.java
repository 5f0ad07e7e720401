package dev.drawbridge.sandbox;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import org.apache.sshd.common.config.keys.writer.openssh.OpenSSHKeyPairResourceWriter;
import org.apache.sshd.common.keyprovider.FileKeyPairProvider;

/** SSH keys that are generated once and kept in OpenSSH's own form, so that ssh and git can use them too. */
final class SandboxKeys {
    private SandboxKeys() {}

    static KeyPair keptOrGenerated(Path file) {
        try {
            if (!Files.exists(file)) {
                Files.createDirectories(file.getParent());
                Files.createFile(
                        file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
                try (OutputStream out = Files.newOutputStream(file)) {
                    OpenSSHKeyPairResourceWriter.INSTANCE.writePrivateKey(
                            CertificateAuthority.keyPair(), "drawbridge sandbox", null, out);
                }
            }
            return new FileKeyPairProvider(file).loadKeys(null).iterator().next();
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        } catch (GeneralSecurityException unusable) {
            throw new IllegalStateException("not a usable key: " + file, unusable);
        }
    }
}
