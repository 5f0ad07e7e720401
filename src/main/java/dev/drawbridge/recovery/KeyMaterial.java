package dev.drawbridge.recovery;

import java.util.List;
import java.util.regex.Pattern;

/**
 * Recognises what must not be shown to everybody who may read an incident: private keys and credentials, also where their
 * file's path does not tell (a copy of {@code admin.conf} in the manifests directory, the encryption configuration). It
 * rather hides too much: digests and the evidence remain.
 */
final class KeyMaterial {
    // each repetition is bounded or cannot begin twice in the same place: the text may be made to be slow to search
    private static final List<Pattern> SIGNS = List.of(
            Pattern.compile("PRIVATE KEY-----"),
            // the beginning of any PEM in Base64, as kubeconfigs hold it
            Pattern.compile("LS0tLS1CRUdJTi"),
            // JSON Web Token
            Pattern.compile("eyJ[\\w-]{10,500}\\.eyJ"),
            Pattern.compile(
                    "(?:^|[\\s\"'{,])kind[\"']?[ \\t]{0,9}:[ \\t]{0,9}[\"']?(?:Config|Secret|EncryptionConfiguration)\\b"),
            Pattern.compile(
                    "(?i)(?:^|[\\s\"'{,])(?:client-key-data|(?:id|access|refresh|bearer|auth)?[-_]?token|password|passwd|secret)"
                            + "[\"']?[ \\t]{0,9}:[ \\t]{0,9}[^\\s{\\[]"));
    private static final Pattern NAME = Pattern.compile("(?i).*(?:password|passwd|passphrase|token|secret)");

    private KeyMaterial() {}

    static boolean in(String text) {
        return SIGNS.stream().anyMatch(sign -> sign.matcher(text).find());
    }

    /** Whether a setting of this name holds a secret itself, unlike one that names the file of a secret. */
    static boolean named(String setting) {
        return NAME.matcher(setting).matches();
    }
}
