package dev.drawbridge.baseline;

import java.io.IOException;
import org.eclipse.jgit.lib.GpgConfig;
import org.eclipse.jgit.lib.Repository;
import org.eclipse.jgit.revwalk.RevObject;

/** Says whose signature on a tag or commit counts; one form of signatures each. */
interface Signatures {
    /** The only form that is looked at, whatever an armor says. */
    GpgConfig.GpgFormat format();

    /**
     * @param signed tag or commit with its body parsed
     * @param signature as it stands in the object, of this form as far as its armor says
     */
    Judgement judge(Repository repository, RevObject signed, byte[] signature) throws IOException;

    /** No third outcome: who is not good is refused. */
    sealed interface Judgement {
        /** @param signer fingerprint of the allowed key */
        record Good(String signer) implements Judgement {}

        /** @param rule which requirement failed */
        record Bad(String rule, String reason) implements Judgement {}
    }
}
