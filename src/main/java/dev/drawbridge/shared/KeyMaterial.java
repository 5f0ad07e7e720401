package dev.drawbridge.shared;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Recognises what must not be shown to everybody who may read an incident: private keys and credentials, also where their
 * file's path does not tell (a copy of {@code admin.conf} in the manifests directory, the encryption configuration). It
 * rather hides too much: digests and the evidence remain.
 */
public final class KeyMaterial {
    // each repetition is bounded or cannot begin twice in the same place: the text may be made to be slow to search
    private static final List<Pattern> SECRETS = List.of(
            Pattern.compile("PRIVATE KEY(?: BLOCK)?-----"),
            // JSON Web Token
            Pattern.compile("eyJ[\\w-]{10,500}\\.eyJ"),
            Pattern.compile(
                    "(?:^|[\\s\"'{,])kind[\"']?[ \\t]{0,9}:[ \\t]{0,9}[\"']?(?:Secret|EncryptionConfiguration)\\b"),
            Pattern.compile(
                    "(?i)(?:^|[\\s\"'{,])(?:client-key-data|(?:id|access|refresh|bearer|auth)?[-_]?token|password|passwd|secret)"
                            + "[\"']?[ \\t]{0,9}:[ \\t]{0,9}[^\\s{\\[]"));
    private static final List<Pattern> SIGNS = List.of(
            // the beginning of any PEM in Base64, as kubeconfigs hold it
            Pattern.compile("LS0tLS1CRUdJTi"),
            Pattern.compile("(?:^|[\\s\"'{,])kind[\"']?[ \\t]{0,9}:[ \\t]{0,9}[\"']?Config\\b"));
    private static final Pattern ENCODED_PEM = Pattern.compile("LS0tLS1CRUdJTi[A-Za-z0-9+/]*+={0,2}");
    private static final Pattern NAME = Pattern.compile("(?i).*(?:password|passwd|passphrase|token|secret)");

    private KeyMaterial() {}

    /** Whether it may hold one. */
    public static boolean in(String text) {
        return Stream.concat(SECRETS.stream(), SIGNS.stream())
                .anyMatch(sign -> sign.matcher(text).find());
    }

    /** Whether a setting of this name holds a secret itself, unlike one that names the file of a secret. */
    public static boolean named(String setting) {
        return NAME.matcher(setting).matches();
    }

    /**
     * Whether it holds a private key, a token or a password itself: less is taken for one than by {@link #in}, where a kubeconfig
     * that names its key's file, or holds nothing but a certificate in Base64, is none.
     */
    public static boolean secretIn(String text) {
        return SECRETS.stream().anyMatch(sign -> sign.matcher(text).find()) || encodedKeyIn(text);
    }

    private static boolean encodedKeyIn(String text) {
        Matcher pem = ENCODED_PEM.matcher(text);
        while (pem.find()) {
            String decoded;
            try {
                decoded = new String(Base64.getDecoder().decode(pem.group()), StandardCharsets.ISO_8859_1);
            } catch (IllegalArgumentException brokenOff) {
                return true;
            }
            // what does not end where its certificates do goes on where we do not look
            if (decoded.contains("PRIVATE KEY") || !decoded.strip().endsWith("-----END CERTIFICATE-----")) {
                return true;
            }
        }
        return false;
    }
}
