package dev.drawbridge.baseline;

import dev.drawbridge.shared.NodeName;
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
 * @param url of the Git repository: a path, {@code file:}, {@code https:} or {@code ssh:}; without credentials in it. With the
 *     etckeeper layout {@code {node}} in it stands for the node's name
 * @param ref signed annotated tag, or branch whose newest commit is signed. With the etckeeper layout a tag with {@code {node}} in its
 *     name: the name is what a signature binds to a node, and a branch is moved by etckeeper itself
 * @param layout {@code overlay} ({@code nodes/<name>} over {@code roles/<role>}) or {@code etckeeper} (the tree is a node's {@code /etc})
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
 * @param username for {@code https:} remotes that ask for one
 * @param passwordFile password or token of that user
 * @param passwordVariable name of the environment variable that holds it, in the place of a file
 * @param fetchTimeout after which the cache serves in the place of a remote that does not answer
 */
@Validated
@ConfigurationProperties("drawbridge.baseline")
record BaselineProperties(
        @Nullable String url,
        @DefaultValue("refs/tags/baseline") @NotBlank String ref,
        @DefaultValue("overlay") BaselineLayout layout,
        @Nullable Path allowedSigners,
        @DefaultValue("ssh") String signatureFormat,
        @DefaultValue List<String> signerFingerprints,
        @Nullable Path revokedSigners,
        @Nullable Path cacheDirectory,
        @Nullable Path knownHosts,
        @Nullable Path privateKey,
        @Nullable String username,
        @Nullable Path passwordFile,
        @Nullable String passwordVariable,
        @DefaultValue("20000") int maxFiles,
        @DefaultValue("16MB") org.springframework.util.unit.DataSize maxFileSize,
        @DefaultValue("20s") Duration fetchTimeout) {
    private static final String NODE = "{node}";

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
        boolean perNode = ref.contains(NODE) || (url != null && url.contains(NODE));
        if (layout == BaselineLayout.OVERLAY && perNode) {
            throw new IllegalArgumentException(
                    "drawbridge.baseline.url and .ref: {node} is for the layout etckeeper; an"
                            + " overlay repository holds all nodes");
        }
        if (layout == BaselineLayout.ETCKEEPER && !(ref.startsWith("refs/tags/") && ref.contains(NODE))) {
            throw new IllegalArgumentException(
                    "drawbridge.baseline.ref must be a tag with {node} in its name for the layout"
                            + " etckeeper, as refs/tags/baseline/{node}: etckeeper commits whatever is on the disk, and only the name"
                            + " of a signed tag says whose files these are");
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
        boolean password = passwordFile != null || passwordVariable != null;
        if ((username != null) != password || username != null && (url == null || !url.startsWith("https:"))) {
            throw new IllegalArgumentException("drawbridge.baseline.username and .password-file belong together, or"
                    + " .username and .password-variable, and to an https url");
        }
        if (passwordFile != null && passwordVariable != null) {
            throw new IllegalArgumentException(
                    "drawbridge.baseline.password-file and .password-variable: one of them holds the password");
        }
        if (passwordVariable != null
                && HttpsCredentials.variable(passwordVariable).isEmpty()) {
            // somebody may have put the password itself there: it is not repeated
            throw new IllegalArgumentException("drawbridge.baseline.password-variable is not the name of an environment"
                    + " variable that is set");
        }
        boolean ssh = url != null && (url.startsWith("ssh:") || url.matches("[\\w.-]+@[\\w.-]+:.*"));
        if (ssh && (knownHosts == null || privateKey == null)) {
            throw new IllegalArgumentException(
                    "drawbridge.baseline.known-hosts and .private-key are needed for an ssh url");
        }
    }

    /** Of the repository that holds a node's baseline; null when none is configured. */
    @Nullable
    String url(NodeName node) {
        return url == null ? null : url.replace(NODE, node.value());
    }

    /** The ref that a node's baseline is taken from. */
    String ref(NodeName node) {
        return ref.replace(NODE, node.value());
    }

    /** Bare copy of the repository of a node; null when no cache is configured. */
    @Nullable
    Path cache(NodeName node) {
        boolean ownRepository = url != null && url.contains(NODE);
        return cacheDirectory == null || !ownRepository ? cacheDirectory : cacheDirectory.resolve(node + ".git");
    }
}
