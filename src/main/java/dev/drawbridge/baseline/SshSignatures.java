package dev.drawbridge.baseline;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.PublicKey;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Base64;
import java.util.Set;
import org.apache.sshd.common.SshException;
import org.apache.sshd.common.config.keys.OpenSshCertificate;
import org.apache.sshd.common.util.buffer.ByteArrayBuffer;
import org.eclipse.jgit.lib.GpgConfig;
import org.eclipse.jgit.lib.PersonIdent;
import org.eclipse.jgit.lib.Repository;
import org.eclipse.jgit.lib.SignatureVerifier;
import org.eclipse.jgit.lib.SignatureVerifiers;
import org.eclipse.jgit.revwalk.RevCommit;
import org.eclipse.jgit.revwalk.RevObject;
import org.eclipse.jgit.revwalk.RevTag;
import org.eclipse.jgit.signing.ssh.SigningKeyDatabase;
import org.eclipse.jgit.signing.ssh.VerificationException;
import org.jspecify.annotations.Nullable;

/** SSH signatures against the files of allowed and revoked signers that the repository's configuration names. */
final class SshSignatures implements Signatures {
    private static final String NAMESPACE = "git";
    /** Magic, version; then the key (PROTOCOL.sshsig). */
    private static final int BEFORE_KEY = "SSHSIG".length() + 4;

    private final Set<String> fingerprints;
    private final Clock clock;

    /** @param fingerprints {@code SHA256:...} of the keys that may sign; empty for all in the file */
    SshSignatures(Set<String> fingerprints, Clock clock) {
        this.fingerprints = Set.copyOf(fingerprints);
        this.clock = clock;
    }

    @Override
    public GpgConfig.GpgFormat format() {
        return GpgConfig.GpgFormat.SSH;
    }

    @Override
    public Judgement judge(Repository repository, RevObject signed, byte[] signature) throws IOException {
        GpgConfig config = new GpgConfig(repository.getConfig());
        String revoked = config.getSshRevocationFile();
        if (revoked != null && !Files.isReadable(Path.of(revoked))) {
            // JGit takes a list that is not there for an empty one
            return new Judgement.Bad(
                    "signer-not-allowed",
                    "drawbridge.baseline.revoked-signers cannot be read, and the key may be one of those");
        }
        SignatureVerifier.SignatureVerification verification = SignatureVerifiers.verify(repository, config, signed);
        if (verification == null || !verification.verified() || verification.expired()) {
            return new Judgement.Bad(
                    "signer-not-allowed", "no allowed key made this signature, or it is not valid now");
        }
        if (!allowedNow(repository, config, signed, signature)) {
            return new Judgement.Bad(
                    "signer-expired", "the signer's key was valid when it claims to have signed, not now");
        }
        String signer = verification.keyFingerprint();
        return fingerprints.isEmpty() || fingerprints.contains(signer)
                ? new Judgement.Good(signer)
                : new Judgement.Bad("signer-not-allowed", "the signer's fingerprint is none of the configured ones");
    }

    /** Git asks whether the key was valid at the time that the tag or commit claims, and whoever signs writes any time there. */
    private boolean allowedNow(Repository repository, GpgConfig config, RevObject signed, byte[] signature)
            throws IOException {
        PersonIdent claimed = signer(signed);
        Instant now = clock.instant();
        PublicKey key = key(signature);
        if (claimed == null || key == null) {
            return false;
        }
        if (key instanceof OpenSshCertificate certificate
                && Long.compareUnsigned(certificate.getValidBefore(), now.getEpochSecond()) <= 0) {
            return false;
        }
        try {
            PersonIdent today = new PersonIdent(claimed.getName(), claimed.getEmailAddress(), now, ZoneOffset.UTC);
            String principal = SigningKeyDatabase.getInstance().isAllowed(repository, config, key, NAMESPACE, today);
            return principal != null && !principal.isEmpty();
        } catch (VerificationException notNow) {
            return false;
        }
    }

    private static @Nullable PersonIdent signer(RevObject signed) {
        return signed instanceof RevTag tag ? tag.getTaggerIdent() : ((RevCommit) signed).getCommitterIdent();
    }

    private static @Nullable PublicKey key(byte[] signature) {
        String armored = new String(signature, StandardCharsets.ISO_8859_1);
        String base64 = armored.replaceAll("-----[A-Z ]+-----", "").replaceAll("\\s+", "");
        try {
            byte[] blob = Base64.getDecoder().decode(base64);
            return new ByteArrayBuffer(blob, BEFORE_KEY, blob.length - BEFORE_KEY).getPublicKey();
        } catch (SshException | RuntimeException malformed) {
            return null;
        }
    }
}
