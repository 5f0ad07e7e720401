package dev.drawbridge.sandbox;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.time.Instant;
import java.util.Base64;
import java.util.List;

/** An authority like kubeadm's, and what it issues at any time. */
public final class TestCertificates {
    private final CertificateAuthority authority;

    public TestCertificates(Instant since) {
        this.authority = CertificateAuthority.create("kubernetes", since);
    }

    /** PEM of the authority itself. */
    public String authority() {
        return authority.pem().certificate();
    }

    /** PEM of a certificate that is valid from five minutes before then, for a year. */
    public String leaf(String commonName, Instant from) {
        return authority
                .at(from)
                .issue(commonName, null, List.of(CertificateAuthority.Use.CLIENT), List.of())
                .certificate();
    }

    /** A kubeconfig with such a certificate inside. */
    public String kubeconfig(String commonName, Instant from) {
        return kubeconfig(leaf(commonName, from));
    }

    /** A kubeconfig as kubeadm writes it, with this as its client certificate. */
    public static String kubeconfig(String pem) {
        return """
                apiVersion: v1
                kind: Config
                users:
                - name: somebody
                  user:
                    client-certificate-data: %s
                    client-key-data: bm9uZQ==
                """.formatted(Base64.getEncoder().encodeToString(pem.getBytes(UTF_8)));
    }
}
