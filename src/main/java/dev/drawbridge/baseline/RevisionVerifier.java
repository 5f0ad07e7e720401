package dev.drawbridge.baseline;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Objects;
import java.util.Set;
import org.eclipse.jgit.errors.RevisionSyntaxException;
import org.eclipse.jgit.lib.ConfigConstants;
import org.eclipse.jgit.lib.Constants;
import org.eclipse.jgit.lib.ObjectId;
import org.eclipse.jgit.lib.Repository;
import org.eclipse.jgit.lib.SignatureVerifiers;
import org.eclipse.jgit.lib.StoredConfig;
import org.eclipse.jgit.revwalk.RevCommit;
import org.eclipse.jgit.revwalk.RevObject;
import org.eclipse.jgit.revwalk.RevTag;
import org.eclipse.jgit.revwalk.RevWalk;

/**
 * Says whether a ref leads to a commit for which somebody allowed vouches now. The checks stand in one order: resolve, signature
 * present, the tag's own name, format, signer. Each refusal names its rule.
 */
final class RevisionVerifier {
    private final BaselineProperties settings;
    private final Signatures signatures;

    RevisionVerifier(BaselineProperties settings, Clock clock) {
        this.settings = settings;
        Set<String> fingerprints = Set.copyOf(settings.signerFingerprints());
        Path keys = settings.allowedSigners();
        this.signatures = settings.signatureFormat().equals("openpgp") && keys != null
                ? new OpenPgpSignatures(keys, fingerprints, clock)
                : new SshSignatures(fingerprints, clock);
    }

    /** What was found at a ref. */
    sealed interface Verified {
        /** @param commit with its body parsed by the walk that was given */
        record Signed(RevCommit commit, BaselineRevision revision) implements Verified {}

        /** @param rule which requirement failed */
        record Bad(String rule, String reason) implements Verified {}

        record Missing(String reason) implements Verified {}
    }

    /** Where JGit looks for signers: nothing but the configured files counts. */
    void configure(StoredConfig config) {
        config.setString(
                "gpg", "ssh", "allowedSignersFile", absolute(Objects.requireNonNull(settings.allowedSigners())));
        if (settings.revokedSigners() == null) {
            config.unset("gpg", "ssh", "revocationFile");
        } else {
            config.setString("gpg", "ssh", "revocationFile", absolute(settings.revokedSigners()));
        }
        config.setString(
                ConfigConstants.CONFIG_GPG_SECTION,
                null,
                ConfigConstants.CONFIG_KEY_FORMAT,
                signatures.format().toConfigValue());
    }

    private static String absolute(Path file) {
        return file.toAbsolutePath().toString();
    }

    Verified verify(Repository repository, RevWalk walk, String ref) throws IOException {
        ObjectId id;
        try {
            id = repository.resolve(ref);
        } catch (RevisionSyntaxException malformed) {
            return new Verified.Missing("the configured ref is malformed");
        }
        return id == null ? new Verified.Missing("the repository has no " + ref) : verify(repository, walk, ref, id);
    }

    /** @param id of the tag or commit that the ref has, or is about to get */
    Verified verify(Repository repository, RevWalk walk, String ref, ObjectId id) throws IOException {
        RevObject signed = walk.parseAny(id);
        walk.parseBody(signed);
        if (!(walk.peel(signed) instanceof RevCommit commit)) {
            return new Verified.Bad("not-a-commit", ref + " leads to no commit");
        }
        // an unsigned tag on a signed commit is unsigned: whoever moves the tag chooses the revision
        byte[] signature = signed instanceof RevTag tag ? tag.getRawGpgSignature() : commit.getRawGpgSignature();
        if (signature == null) {
            return new Verified.Bad("signature-missing", ref + " is not signed");
        }
        // a branch's commit would vouch for whatever etckeeper committed; no ref of another kind has a name that is
        // signed
        if (settings.layout() == BaselineLayout.ETCKEEPER && !(signed instanceof RevTag)) {
            return new Verified.Bad("tag-name", ref + " is no annotated tag");
        }
        // a ref is not signed: whoever holds the remote could let it point to another tag of the same signer
        if (signed instanceof RevTag tag && !ref.equals(Constants.R_TAGS + tag.getTagName())) {
            return new Verified.Bad("tag-name", ref + " leads to a tag of another name");
        }
        // Git takes the verifier from the armor; we take it from our configuration
        if (SignatureVerifiers.getFormat(signature) != signatures.format()) {
            return new Verified.Bad("signature-format", "the signature is none of the configured format");
        }
        Signatures.Judgement judgement = signatures.judge(repository, signed, signature);
        if (judgement instanceof Signatures.Judgement.Bad bad) {
            return new Verified.Bad(bad.rule(), bad.reason());
        }
        walk.parseBody(commit);
        String signer = ((Signatures.Judgement.Good) judgement).signer();
        return new Verified.Signed(commit, new BaselineRevision(commit.name(), signer, ref));
    }
}
