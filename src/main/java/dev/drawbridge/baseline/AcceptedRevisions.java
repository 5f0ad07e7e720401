package dev.drawbridge.baseline;

import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.NodeName;
import java.io.IOException;
import java.util.Optional;
import java.util.Set;
import org.eclipse.jgit.errors.MissingObjectException;
import org.eclipse.jgit.lib.ObjectId;
import org.eclipse.jgit.revwalk.RevCommit;
import org.eclipse.jgit.revwalk.RevWalk;
import org.springframework.jdbc.BadSqlGrammarException;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Which revision of a repository was accepted last, and whether another one follows it. */
final class AcceptedRevisions {
    /** Undefined table: PostgreSQL's, and H2's for a database with others and with none. */
    private static final Set<String> NO_SUCH_TABLE = Set.of("42P01", "42S02", "42S04");

    private final JdbcClient jdbc;

    AcceptedRevisions(JdbcClient jdbc) {
        this.jdbc = jdbc;
    }

    /** Of the repository and the ref that a node's baseline comes from. */
    static String key(BaselineProperties settings, NodeName node) {
        return Digest.ofText(settings.url(node) + " " + settings.ref(node)).hex();
    }

    /** Whether the database is one that nothing was ever written to, rather than one that may not be read. */
    static boolean noSuchTable(BadSqlGrammarException failed) {
        return NO_SUCH_TABLE.contains(failed.getSQLException().getSQLState());
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
