package dev.drawbridge.sandbox;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;

/** An authority like kubeadm's for etcd, with what it issues as PEM files. */
public final class TestAuthority {
    private final CertificateAuthority authority = CertificateAuthority.create("etcd-ca", Instant.now());
    private final Path directory;

    public TestAuthority(Path directory) throws IOException {
        this.directory = directory;
        Files.writeString(certificate("ca"), authority.pem().certificate());
    }

    /** For 127.0.0.1, to serve and to ask; with its key at {@link #key}. */
    public void issue(String name) throws IOException {
        CertificateAuthority.Pem leaf = authority.issue(
                name,
                null,
                List.of(CertificateAuthority.Use.SERVER, CertificateAuthority.Use.CLIENT),
                List.of("127.0.0.1", "localhost"));
        Files.writeString(certificate(name), leaf.certificate());
        Files.writeString(key(name), leaf.key());
    }

    public Path certificate(String name) {
        return directory.resolve(name + ".crt");
    }

    public Path key(String name) {
        return directory.resolve(name + ".key");
    }
}
