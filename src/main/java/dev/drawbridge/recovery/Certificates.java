package dev.drawbridge.recovery;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads certificates out of PEM files and kubeconfigs; bytes from a node may be anything. */
final class Certificates {
    private static final String BEGIN = "-----BEGIN CERTIFICATE-----";
    private static final Pattern PEM = Pattern.compile(BEGIN + "(?:[^-]+-----END CERTIFICATE-----)?");
    /** In block style, in flow style or as JSON; a form that is none of these still counts as one that is there. */
    private static final Pattern EMBEDDED =
            Pattern.compile("client-certificate-data(?:[\"']?\\s*:\\s*[\"']?([A-Za-z0-9+/=]+))?");

    private Certificates() {}

    /**
     * All certificates of a PEM file, as in the bundle of authorities that a rotation needs.
     *
     * @return empty when there is none, or one that cannot be read
     */
    static Optional<List<X509Certificate>> inPem(byte[] content) {
        List<X509Certificate> all = new ArrayList<>();
        Matcher block = PEM.matcher(new String(content, StandardCharsets.ISO_8859_1));
        try {
            CertificateFactory factory = CertificateFactory.getInstance("X.509");
            while (block.find()) {
                byte[] pem = block.group().getBytes(StandardCharsets.ISO_8859_1);
                all.add((X509Certificate) factory.generateCertificate(new ByteArrayInputStream(pem)));
            }
        } catch (CertificateException noCertificate) {
            return Optional.empty();
        }
        return all.isEmpty() ? Optional.empty() : Optional.of(all);
    }

    /**
     * Whom the client certificates inside a kubeconfig name: of each chain the first.
     *
     * @return an empty list when it holds none, because it names a file or another kind of credential; empty when one cannot be read
     */
    static Optional<List<X509Certificate>> inKubeconfig(byte[] content) {
        List<X509Certificate> leafs = new ArrayList<>();
        Matcher embedded = EMBEDDED.matcher(new String(content, StandardCharsets.ISO_8859_1));
        while (embedded.find()) {
            Optional<X509Certificate> leaf = Optional.ofNullable(embedded.group(1))
                    .flatMap(Certificates::decoded)
                    .flatMap(Certificates::leaf);
            if (leaf.isEmpty()) {
                return Optional.empty();
            }
            leafs.add(leaf.get());
        }
        return Optional.of(leafs);
    }

    /** Whom a PEM file names: the first of its chain. */
    static Optional<X509Certificate> leaf(byte[] pem) {
        return inPem(pem).map(chain -> chain.get(0));
    }

    private static Optional<byte[]> decoded(String base64) {
        try {
            return Optional.of(Base64.getDecoder().decode(base64));
        } catch (IllegalArgumentException malformed) {
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
