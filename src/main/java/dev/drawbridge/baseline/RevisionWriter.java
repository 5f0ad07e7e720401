package dev.drawbridge.baseline;

import java.io.IOException;
import org.eclipse.jgit.lib.CommitBuilder;
import org.eclipse.jgit.lib.Constants;
import org.eclipse.jgit.lib.ObjectId;
import org.eclipse.jgit.lib.ObjectInserter;
import org.eclipse.jgit.lib.PersonIdent;
import org.eclipse.jgit.lib.RefUpdate;
import org.eclipse.jgit.lib.Repository;
import org.eclipse.jgit.lib.TagBuilder;
import org.jspecify.annotations.Nullable;

/** Writes signed commits and signed tags into a repository. */
final class RevisionWriter {
    private final Repository git;
    private final ObjectSigner signer;
    private final PersonIdent who;

    RevisionWriter(Repository git, ObjectSigner signer, PersonIdent who) {
        this.git = git;
        this.signer = signer;
        this.who = who;
    }

    /** Inserts a commit; no ref is moved. */
    ObjectId commit(ObjectInserter inserter, ObjectId tree, @Nullable ObjectId parent, String message)
            throws IOException {
        CommitBuilder commit = new CommitBuilder();
        commit.setTreeId(tree);
        if (parent != null) {
            commit.setParentId(parent);
        }
        commit.setAuthor(who);
        commit.setCommitter(who);
        commit.setMessage(message + "\n");
        signer.sign(git, commit, who);
        return inserter.insert(commit);
    }

    /** Inserts a tag; no ref is moved. */
    ObjectId tag(ObjectInserter inserter, String name, ObjectId commit, String message) throws IOException {
        TagBuilder tag = new TagBuilder();
        tag.setTag(name);
        tag.setTagger(who);
        tag.setMessage(message + "\n");
        tag.setObjectId(commit, Constants.OBJ_COMMIT);
        signer.sign(git, tag, who);
        return inserter.insert(tag);
    }

    void point(String ref, ObjectId target) throws IOException {
        RefUpdate update = git.updateRef(ref);
        update.setNewObjectId(target);
        RefUpdate.Result result = update.forceUpdate();
        if (result != RefUpdate.Result.NEW
                && result != RefUpdate.Result.FORCED
                && result != RefUpdate.Result.FAST_FORWARD
                && result != RefUpdate.Result.NO_CHANGE) {
            throw new IOException(ref + " could not be set: " + result);
        }
    }
}
