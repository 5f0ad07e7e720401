package dev.drawbridge.baseline;

import java.io.IOException;
import org.eclipse.jgit.lib.ObjectBuilder;
import org.eclipse.jgit.lib.PersonIdent;
import org.eclipse.jgit.lib.Repository;

/** Vouches for a commit or a tag before it is written; one form of signatures each. */
interface ObjectSigner {
    /** @throws IOException when the key cannot be read or used; nothing was signed then */
    void sign(Repository repository, ObjectBuilder object, PersonIdent who) throws IOException;
}
