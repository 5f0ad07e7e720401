package dev.drawbridge.recovery;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads the certificate that a file stands for: PEM itself, or the client certificate inside a kubeconfig. */
final class Certificates {
    private static final Pattern EMBEDDED =
            Pattern.compile("(?m)^\\s*client-certificate-data:\\s*\"?([A-Za-z0-9+/=]{1,32768})\"?\\s*$");

    private Certificates() {}

    /** Empty when there is none or it cannot be read; bytes from a node may be anything. */
    static Optional<X509Certificate> in(byte[] content) {
        Matcher embedded = EMBEDDED.matcher(new String(content, StandardCharsets.ISO_8859_1));
        byte[] pem = content;
        if (embedded.find()) {
            try {
                pem = Base64.getDecoder().decode(embedded.group(1));
            } catch (IllegalArgumentException malformed) {
                return Optional.empty();
            }
        }
        try {
            CertificateFactory factory = CertificateFactory.getInstance("X.509");
            return Optional.of((X509Certificate) factory.generateCertificate(new ByteArrayInputStream(pem)));
        } catch (CertificateException noCertificate) {
            return Optional.empty();
        }
    }

    static boolean signedByAny(X509Certificate certificate, List<X509Certificate> authorities) {
        return authorities.stream().anyMatch(authority -> signedBy(certificate, authority));
    }

    private static boolean signedBy(X509Certificate certificate, X509Certificate authority) {
        try {
            certificate.verify(authority.getPublicKey());
            return true;
        } catch (GeneralSecurityException otherKey) {
            return false;
        }
    }
}
