package dev.drawbridge.baseline;

import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.NodeName;
import java.io.IOException;
import java.util.Optional;
import org.eclipse.jgit.errors.MissingObjectException;
import org.eclipse.jgit.lib.ObjectId;
import org.eclipse.jgit.revwalk.RevCommit;
import org.eclipse.jgit.revwalk.RevWalk;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Which revision of a repository was accepted last, and whether another one follows it. */
final class AcceptedRevisions {
    private final JdbcClient jdbc;

    AcceptedRevisions(JdbcClient jdbc) {
        this.jdbc = jdbc;
    }

    /** Of the repository and the ref that a node's baseline comes from. */
    static String key(BaselineProperties settings, NodeName node) {
        return Digest.ofText(settings.url(node) + " " + settings.ref(node)).hex();
    }

    /** Empty when none was accepted yet. */
    Optional<String> last(String key) {
        return jdbc.sql("select commit_id from baseline_accepted where repository = :repository")
                .param("repository", key)
                .query(String.class)
                .optional();
    }

    /** @return why the commit does not follow the one that was accepted before; empty when it does */
    static Optional<RevisionVerifier.Verified.Bad> objection(
            RevWalk walk, String accepted, BaselineRevision revision, RevCommit commit) throws IOException {
        RevCommit old;
        try {
            old = walk.parseCommit(ObjectId.fromString(accepted));
        } catch (MissingObjectException gone) {
            return Optional.of(new RevisionVerifier.Verified.Bad(
                    "history-replaced", "the revision accepted before is no longer in the repository"));
        }
        if (walk.isMergedInto(old, commit)) {
            return Optional.empty();
        }
        return Optional.of(
                walk.isMergedInto(commit, old)
                        ? new RevisionVerifier.Verified.Bad(
                                "rollback", revision + " is older than the revision accepted before")
                        : new RevisionVerifier.Verified.Bad(
                                "not-fast-forward", revision + " does not follow the revision accepted before"));
    }
}
