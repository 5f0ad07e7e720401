package dev.drawbridge.sandbox;

import java.io.IOException;
import java.io.StringWriter;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.SecureRandom;
import java.security.interfaces.ECPrivateKey;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.X500NameBuilder;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.util.io.pem.PemObject;
import org.jspecify.annotations.Nullable;

/**
 * A certificate authority like those of kubeadm: self-signed for ten years, leafs for one year, P-256 keys (kubeadm's
 * {@code encryptionAlgorithm: ECDSA-P256}).
 */
final class CertificateAuthority {
    private static final Duration AUTHORITY_LIFE = Duration.ofDays(3650);
    private static final Duration LEAF_LIFE = Duration.ofDays(365);
    // kubeadm backdates nothing, but clocks of two machines differ
    private static final Duration BACKDATED = Duration.ofMinutes(5);

    private final X500Name name;
    private final KeyPair keys;
    private final Instant now;
    private final Pem pem;

    /** A certificate and its private key, both in PEM as kubeadm writes them. */
    record Pem(String certificate, String key) {}

    /** What a leaf may be used for. */
    enum Use {
        SERVER(KeyPurposeId.id_kp_serverAuth),
        CLIENT(KeyPurposeId.id_kp_clientAuth);

        private final KeyPurposeId purpose;

        Use(KeyPurposeId purpose) {
            this.purpose = purpose;
        }
    }

    private CertificateAuthority(X500Name name, KeyPair keys, Instant now, Pem pem) {
        this.name = name;
        this.keys = keys;
        this.now = now;
        this.pem = pem;
    }

    static CertificateAuthority create(String commonName, Instant now) {
        X500Name name = subject(commonName, null);
        KeyPair keys = keyPair();
        String certificate = sign(
                name,
                keys,
                name,
                keys,
                now,
                AUTHORITY_LIFE,
                new KeyUsage(KeyUsage.digitalSignature | KeyUsage.keyEncipherment | KeyUsage.keyCertSign),
                List.of(),
                List.of(new GeneralName(GeneralName.dNSName, commonName)));
        return new CertificateAuthority(name, keys, now, new Pem(certificate, keyPem(keys)));
    }

    /** The same authority, as it issues at another time. */
    CertificateAuthority at(Instant time) {
        return new CertificateAuthority(name, keys, time, pem);
    }

    Pem pem() {
        return pem;
    }

    /**
     * @param organisation the group that Kubernetes reads from the certificate; null for none
     * @param names DNS names and IP addresses of a server
     */
    Pem issue(String commonName, @Nullable String organisation, List<Use> uses, List<String> names) {
        KeyPair leaf = keyPair();
        List<GeneralName> alternatives = names.stream()
                .map(one -> new GeneralName(
                        one.matches("[0-9.]+|.*:.*") ? GeneralName.iPAddress : GeneralName.dNSName, one))
                .toList();
        String certificate = sign(
                name,
                keys,
                subject(commonName, organisation),
                leaf,
                now,
                LEAF_LIFE,
                new KeyUsage(KeyUsage.digitalSignature | KeyUsage.keyEncipherment),
                uses,
                alternatives);
        return new Pem(certificate, keyPem(leaf));
    }

    static KeyPair keyPair() {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec("secp256r1"));
            return generator.generateKeyPair();
        } catch (GeneralSecurityException everyPlatformHasIt) {
            throw new IllegalStateException(everyPlatformHasIt);
        }
    }

    /** SEC 1 form with curve and public key, as Go and OpenSSL write it; the JDK leaves both out. */
    static String keyPem(KeyPair keys) {
        SubjectPublicKeyInfo known =
                SubjectPublicKeyInfo.getInstance(keys.getPublic().getEncoded());
        ECPrivateKey key = (ECPrivateKey) keys.getPrivate();
        try {
            return pem(new PemObject(
                    "EC PRIVATE KEY",
                    new org.bouncycastle.asn1.sec.ECPrivateKey(
                                    key.getParams().getOrder().bitLength(),
                                    key.getS(),
                                    known.getPublicKeyData(),
                                    known.getAlgorithm().getParameters())
                            .getEncoded()));
        } catch (IOException inMemory) {
            throw new IllegalStateException(inMemory);
        }
    }

    /** PEM of a public key or certificate. */
    static String pem(Object object) {
        StringWriter text = new StringWriter();
        try (JcaPEMWriter writer = new JcaPEMWriter(text)) {
            writer.writeObject(object);
        } catch (IOException inMemory) {
            throw new IllegalStateException(inMemory);
        }
        return text.toString();
    }

    private static X500Name subject(String commonName, @Nullable String organisation) {
        X500NameBuilder builder = new X500NameBuilder(BCStyle.INSTANCE);
        if (organisation != null) {
            builder.addRDN(BCStyle.O, organisation);
        }
        return builder.addRDN(BCStyle.CN, commonName).build();
    }

    private static String sign(
            X500Name issuer,
            KeyPair issuerKeys,
            X500Name subject,
            KeyPair subjectKeys,
            Instant now,
            Duration life,
            KeyUsage usage,
            List<Use> uses,
            List<GeneralName> names) {
        try {
            JcaX509ExtensionUtils extensions = new JcaX509ExtensionUtils();
            BigInteger serial = new BigInteger(63, new SecureRandom()).add(BigInteger.ONE);
            JcaX509v3CertificateBuilder builder = new JcaX509v3CertificateBuilder(
                    issuer,
                    serial,
                    Date.from(now.minus(BACKDATED)),
                    Date.from(now.plus(life)),
                    subject,
                    subjectKeys.getPublic());
            builder.addExtension(Extension.keyUsage, true, usage);
            builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(uses.isEmpty()));
            if (uses.isEmpty()) {
                builder.addExtension(
                        Extension.subjectKeyIdentifier,
                        false,
                        extensions.createSubjectKeyIdentifier(subjectKeys.getPublic()));
            } else {
                List<KeyPurposeId> purposes = new ArrayList<>();
                uses.forEach(use -> purposes.add(use.purpose));
                builder.addExtension(
                        Extension.extendedKeyUsage, false, new ExtendedKeyUsage(purposes.toArray(KeyPurposeId[]::new)));
                builder.addExtension(
                        Extension.authorityKeyIdentifier,
                        false,
                        extensions.createAuthorityKeyIdentifier(issuerKeys.getPublic()));
            }
            if (!names.isEmpty()) {
                builder.addExtension(
                        Extension.subjectAlternativeName, false, new GeneralNames(names.toArray(GeneralName[]::new)));
            }
            return pem(builder.build(new JcaContentSignerBuilder("SHA256withECDSA").build(issuerKeys.getPrivate())));
        } catch (GeneralSecurityException | OperatorCreationException | IOException broken) {
            throw new IllegalStateException("could not sign a certificate", broken);
        }
    }
}
