package dev.drawbridge.baseline;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Date;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.bouncycastle.bcpg.ArmoredInputStream;
import org.bouncycastle.openpgp.PGPSignature;
import org.bouncycastle.openpgp.PGPSignatureException;
import org.bouncycastle.openpgp.PGPSignatureList;
import org.bouncycastle.openpgp.api.OpenPGPCertificate;
import org.bouncycastle.openpgp.api.OpenPGPCertificate.OpenPGPComponentKey;
import org.bouncycastle.openpgp.api.OpenPGPDefaultPolicy;
import org.bouncycastle.openpgp.api.OpenPGPDetachedSignatureProcessor;
import org.bouncycastle.openpgp.api.OpenPGPImplementation;
import org.bouncycastle.openpgp.api.OpenPGPKeyReader;
import org.bouncycastle.openpgp.api.OpenPGPPolicy;
import org.bouncycastle.openpgp.api.OpenPGPSignature.OpenPGPDocumentSignature;
import org.bouncycastle.openpgp.api.bc.BcOpenPGPImplementation;
import org.eclipse.jgit.lib.GpgConfig;
import org.eclipse.jgit.lib.Repository;
import org.eclipse.jgit.revwalk.RevObject;

/**
 * OpenPGP signatures (RFC 9580) against keys in a file of our own. JGit's verifier looks into the key ring of whoever runs it, and
 * leaves revocation and the key's purpose to its caller; here nothing counts but the file and the fingerprints that were configured.
 *
 * <p>Keys are judged as of now, not as of the time that a signature claims: whoever holds a key that was revoked or has expired
 * could claim any time.
 */
final class OpenPgpSignatures implements Signatures {
    private static final int MAX_KEYS = 1024 * 1024;
    private static final int MAX_SIGNATURE = 64 * 1024;
    private static final String BEGIN = "-----BEGIN PGP SIGNATURE-----";
    private static final String END = "-----END PGP SIGNATURE-----";
    private static final String KEY_BLOCK = "-----BEGIN PGP ";

    private final Path keys;
    private final Set<String> fingerprints;
    private final Clock clock;
    private final OpenPGPImplementation implementation = new BcOpenPGPImplementation();
    private final OpenPGPPolicy policy = new OpenPGPDefaultPolicy();

    /**
     * @param keys armored or binary public keys; read at every look, so that a revocation counts when the file holds it
     * @param fingerprints of the primary keys that may sign, upper-case hexadecimal
     */
    OpenPgpSignatures(Path keys, Set<String> fingerprints, Clock clock) {
        this.keys = keys;
        this.fingerprints = Set.copyOf(fingerprints);
        this.clock = clock;
    }

    @Override
    public GpgConfig.GpgFormat format() {
        return GpgConfig.GpgFormat.OPENPGP;
    }

    @Override
    public Judgement judge(Repository repository, RevObject signed, byte[] signature) throws IOException {
        PGPSignature only;
        try {
            only = read(signature);
        } catch (IOException | RuntimeException malformed) {
            // the parser meets what an attacker wrote; what it throws is no fault of ours
            return new Judgement.Bad("signature-format", "the signature cannot be read as one OpenPGP signature");
        }
        // a text signature would let line ends and blanks be changed
        if (only.getSignatureType() != PGPSignature.BINARY_DOCUMENT) {
            return new Judgement.Bad("signature-format", "the signature is not one of a binary document");
        }
        for (OpenPGPCertificate certificate : allowed()) {
            OpenPGPComponentKey key = certificate.getSigningKeyFor(only);
            if (key != null) {
                return judge(certificate, key, only, SignedContent.of(signed));
            }
        }
        return new Judgement.Bad("signer-not-allowed", "no allowed key made this signature");
    }

    private Judgement judge(OpenPGPCertificate certificate, OpenPGPComponentKey key, PGPSignature only, byte[] content)
            throws IOException {
        Date now = Date.from(clock.instant());
        List<OpenPGPDocumentSignature> made;
        try {
            made = new OpenPGPDetachedSignatureProcessor(implementation, policy)
                    .addVerificationCertificate(certificate)
                    .addSignature(only)
                    .verifyNotAfter(now)
                    .process(new ByteArrayInputStream(content));
        } catch (RuntimeException malformed) {
            return new Judgement.Bad("signature-invalid", "the signature cannot be verified");
        }
        // left out is what has no acceptable algorithm, lies in the future, or has a critical part that is not
        // understood
        if (made.size() != 1 || !made.get(0).isTestedCorrect()) {
            return new Judgement.Bad(
                    "signature-invalid",
                    "the signature is not of this content, of the future, or of a kind not accepted");
        }
        OpenPGPDocumentSignature signature = made.get(0);
        if (!signature.isEffectiveAt(now)) {
            return new Judgement.Bad("signature-expired", "the signature has expired");
        }
        OpenPGPComponentKey primary = certificate.getPrimaryKey();
        // in doubt revoked: a revocation by somebody else may be that of an appointed revoker
        if (primary.getPGPPublicKey().hasRevocation()
                || key.getPGPPublicKey().hasRevocation()
                || !primary.getThirdPartyRevocations().isEmpty()) {
            return new Judgement.Bad("signer-revoked", "the signer's key is revoked");
        }
        try {
            if (!signature.isValidAt(now, policy)) {
                return new Judgement.Bad(
                        "signer-expired", "the signer's key has expired, or is not one that may sign content");
            }
        } catch (PGPSignatureException unusable) {
            return new Judgement.Bad("signature-invalid", "the signature cannot be verified");
        }
        return new Judgement.Good(fingerprint(certificate));
    }

    /** Exactly one armored signature and nothing else: what is beside it is not signed, and another reader may take another. */
    private PGPSignature read(byte[] signature) throws IOException {
        if (signature.length > MAX_SIGNATURE) {
            throw new IOException("too long");
        }
        String text = new String(signature, StandardCharsets.ISO_8859_1).strip();
        if (!text.startsWith(BEGIN)
                || !text.endsWith(END)
                || text.indexOf(BEGIN, 1) >= 0
                || text.indexOf(END) != text.length() - END.length()) {
            throw new IOException("not one armored signature");
        }
        try (InputStream armored = ArmoredInputStream.builder().build(new ByteArrayInputStream(signature))) {
            var objects = implementation.pgpObjectFactory(armored);
            if (objects.nextObject() instanceof PGPSignatureList list
                    && list.size() == 1
                    && objects.nextObject() == null) {
                return list.get(0);
            }
            throw new IOException("not one signature");
        }
    }

    /** The keys of the file whose fingerprint was configured; a key ring that holds more allows no more. */
    private List<OpenPGPCertificate> allowed() throws IOException {
        if (Files.size(keys) > MAX_KEYS) {
            throw new IOException("the file of allowed signers is larger than " + MAX_KEYS + " bytes");
        }
        byte[] content = Files.readAllBytes(keys);
        OpenPGPKeyReader reader = new OpenPGPKeyReader(implementation, policy);
        List<OpenPGPCertificate> allowed = new ArrayList<>();
        for (byte[] block : blocks(content)) {
            try {
                reader.parseCertificates(block).stream()
                        .filter(certificate -> fingerprints.contains(fingerprint(certificate)))
                        .forEach(allowed::add);
            } catch (RuntimeException malformed) {
                throw new IOException("the file of allowed signers holds no OpenPGP public keys", malformed);
            }
        }
        return allowed;
    }

    /** Each export has an armor of its own, and files of several are made with cat. */
    private static List<byte[]> blocks(byte[] content) {
        String text = new String(content, StandardCharsets.ISO_8859_1);
        int first = text.indexOf(KEY_BLOCK);
        if (first < 0) {
            return List.of(content);
        }
        return Arrays.stream(text.substring(first).split("(?=-----BEGIN PGP )"))
                .map(block -> block.getBytes(StandardCharsets.ISO_8859_1))
                .toList();
    }

    private static String fingerprint(OpenPGPCertificate certificate) {
        return HexFormat.of().formatHex(certificate.getFingerprint()).toUpperCase(Locale.ROOT);
    }
}
