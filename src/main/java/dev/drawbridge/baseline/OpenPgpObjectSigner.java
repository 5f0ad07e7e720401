package dev.drawbridge.baseline;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.bouncycastle.openpgp.PGPException;
import org.bouncycastle.openpgp.api.OpenPGPApi;
import org.bouncycastle.openpgp.api.OpenPGPDetachedSignatureGenerator;
import org.bouncycastle.openpgp.api.OpenPGPKey;
import org.bouncycastle.openpgp.api.OpenPGPSignature.OpenPGPDocumentSignature;
import org.bouncycastle.openpgp.api.bc.BcOpenPGPApi;
import org.eclipse.jgit.lib.GpgSignature;
import org.eclipse.jgit.lib.ObjectBuilder;
import org.eclipse.jgit.lib.PersonIdent;
import org.eclipse.jgit.lib.Repository;
import org.jspecify.annotations.Nullable;

/** Signs with a secret OpenPGP key in a file, as {@code gpg --export-secret-keys} writes it. */
final class OpenPgpObjectSigner implements ObjectSigner {
    private final Path key;
    private final char @Nullable [] passphrase;
    private final OpenPGPApi api = new BcOpenPGPApi();

    /** @param passphrase of the key; null when it has none */
    OpenPgpObjectSigner(Path key, char @Nullable [] passphrase) {
        this.key = key;
        this.passphrase = passphrase == null ? null : passphrase.clone();
    }

    @Override
    public void sign(Repository repository, ObjectBuilder object, PersonIdent who) throws IOException {
        try {
            OpenPGPKey secret = api.readKeyOrCertificate().parseKey(Files.readAllBytes(key));
            OpenPGPDetachedSignatureGenerator generator = api.createDetachedSignature();
            // the newest, as GnuPG does; with all that may sign there would be several signatures, and one is verified
            generator.setSigningKeySelector((certificate, policy) -> certificate.getSigningKeys().stream()
                    .reduce((one, other) -> other.getCreationTime().before(one.getCreationTime()) ? one : other)
                    .map(List::of)
                    .orElse(List.of()));
            if (passphrase != null) {
                generator.addKeyPassphrase(passphrase);
            }
            List<OpenPGPDocumentSignature> made =
                    generator.addSigningKey(secret).sign(new ByteArrayInputStream(object.build()));
            if (made.size() != 1) {
                throw new IOException("the signing key made " + made.size() + " signatures");
            }
            object.setGpgSignature(
                    new GpgSignature(made.get(0).toAsciiArmoredString().getBytes(StandardCharsets.US_ASCII)));
        } catch (PGPException | RuntimeException unusable) {
            throw new IOException("the signing key could not be used", unusable);
        }
    }
}
