package dev.drawbridge.shared;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Base64;
import org.junit.jupiter.api.Test;

class KeyMaterialTest {
    private static final String CERTIFICATE = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    private static final String KEY = "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n";

    private static String encoded(String text) {
        return Base64.getEncoder().encodeToString(text.getBytes(US_ASCII));
    }

    @Test
    void whatHoldsAKeyATokenOrAPasswordIsSecret() {
        assertThat(new String[] {
                    KEY,
                    CERTIFICATE + KEY,
                    "-----BEGIN PGP PRIVATE KEY BLOCK-----\n",
                    "users:\n- user:\n    client-key-data: QUFB\n",
                    "    token: abcdef.0123456789abcdef\n",
                    "kind: EncryptionConfiguration\n",
                    "{\"kind\": \"Secret\"}",
                    "x: " + encoded(KEY),
                    "x: " + encoded(CERTIFICATE + KEY),
                    // broken off: the rest may be on the next line
                    "x: " + encoded(CERTIFICATE + CERTIFICATE).substring(0, 60) + "\n",
                })
                .allSatisfy(text -> {
                    assertThat(KeyMaterial.secretIn(text)).as(text).isTrue();
                    assertThat(KeyMaterial.in(text)).as(text).isTrue();
                });
    }

    @Test
    void aCertificateOrAKubeconfigThatNamesFilesIsNot() {
        assertThat(new String[] {
                    CERTIFICATE,
                    "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
                    "kind: Config\nclusters:\n- cluster:\n    certificate-authority-data: " + encoded(CERTIFICATE)
                            + "\nusers:\n- user:\n    client-key: /var/lib/kubelet/pki/kubelet-client-current.pem\n",
                    "    - --service-account-signing-key-file=/etc/kubernetes/pki/sa.key\n",
                })
                .allSatisfy(
                        text -> assertThat(KeyMaterial.secretIn(text)).as(text).isFalse());
    }
}
