package dev.drawbridge.baseline;

import jakarta.validation.constraints.NotBlank;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * Where the known-good files come from and whom we believe.
 *
 * @param url of the Git repository: a path, {@code file:}, {@code https:} or {@code ssh:}; without credentials in it
 * @param ref signed annotated tag, or branch whose newest commit is signed
 * @param allowedSigners kept outside the repository: for {@code ssh} OpenSSH's allowed-signers file (ssh-keygen(1), ALLOWED SIGNERS), for
 *     {@code openpgp} public keys as {@code gpg --export} writes them
 * @param signatureFormat {@code ssh} or {@code openpgp}: the only form that is accepted; never guessed from the signature itself
 * @param signerFingerprints of the keys that may sign, of those in the file: {@code SHA256:...} for {@code ssh}, where empty means all; for
 *     {@code openpgp} those of primary keys, at least one: a key ring holds many
 * @param revokedSigners for {@code ssh}: key revocation list or public keys (ssh-keygen(1), KEY REVOCATION LISTS); OpenPGP keys
 *     carry their revocation
 * @param cacheDirectory bare copy that serves while the remote is down
 * @param knownHosts host keys for {@code ssh:} remotes
 * @param privateKey client key for {@code ssh:} remotes
 * @param fetchTimeout after which the cache serves in the place of a remote that does not answer
 */
@Validated
@ConfigurationProperties("drawbridge.baseline")
record BaselineProperties(
        @Nullable String url,
        @DefaultValue("refs/tags/baseline") @NotBlank String ref,
        @Nullable Path allowedSigners,
        @DefaultValue("ssh") String signatureFormat,
        @DefaultValue List<String> signerFingerprints,
        @Nullable Path revokedSigners,
        @Nullable Path cacheDirectory,
        @Nullable Path knownHosts,
        @Nullable Path privateKey,
        @DefaultValue("20000") int maxFiles,
        @DefaultValue("16MB") org.springframework.util.unit.DataSize maxFileSize,
        @DefaultValue("20s") Duration fetchTimeout) {
    BaselineProperties {
        boolean openPgp = signatureFormat.equals("openpgp");
        if (!openPgp && !signatureFormat.equals("ssh")) {
            throw new IllegalArgumentException(
                    "drawbridge.baseline.signature-format: ssh or openpgp; " + signatureFormat + " cannot be verified");
        }
        // as gpg shows them: in groups
        signerFingerprints = signerFingerprints.stream()
                .map(one -> openPgp ? one.replace(" ", "").toUpperCase(Locale.ROOT) : one)
                .toList();
        String shape = openPgp ? "[0-9A-F]{40}|[0-9A-F]{64}" : "SHA256:[A-Za-z0-9+/]{43}";
        if (signerFingerprints.stream().anyMatch(one -> !one.matches(shape))) {
            throw new IllegalArgumentException("drawbridge.baseline.signer-fingerprints: "
                    + (openPgp ? "40 or 64 hexadecimal digits each, no short key ids" : "SHA256:... each"));
        }
        if (openPgp && allowedSigners != null && signerFingerprints.isEmpty()) {
            throw new IllegalArgumentException(
                    "drawbridge.baseline.signer-fingerprints must name the OpenPGP keys that may sign");
        }
        if (openPgp && revokedSigners != null) {
            throw new IllegalArgumentException(
                    "drawbridge.baseline.revoked-signers is for ssh: an OpenPGP key carries its"
                            + " revocation, put it into drawbridge.baseline.allowed-signers");
        }
        if (!ref.startsWith("refs/tags/") && !ref.startsWith("refs/heads/")) {
            throw new IllegalArgumentException("drawbridge.baseline.ref must begin with refs/tags/ or refs/heads/");
        }
        if (maxFiles < 1 || maxFileSize.toBytes() < 1 || maxFileSize.toBytes() > Integer.MAX_VALUE / 2) {
            throw new IllegalArgumentException(
                    "drawbridge.baseline.max-files and .max-file-size must be positive, the size below 1GB");
        }
        if (fetchTimeout.compareTo(Duration.ofSeconds(1)) < 0 || fetchTimeout.compareTo(Duration.ofMinutes(1)) > 0) {
            // it is a part of a step's time, see decision record 30
            throw new IllegalArgumentException("drawbridge.baseline.fetch-timeout must lie between 1s and 60s");
        }
        if (url != null && url.matches("(?s)[a-z+]+://[^/@]*:[^/@]*@.*")) {
            throw new IllegalArgumentException("drawbridge.baseline.url must not hold a password");
        }
        boolean ssh = url != null && (url.startsWith("ssh:") || url.matches("[\\w.-]+@[\\w.-]+:.*"));
        if (ssh && (knownHosts == null || privateKey == null)) {
            throw new IllegalArgumentException(
                    "drawbridge.baseline.known-hosts and .private-key are needed for an ssh url");
        }
    }
}
