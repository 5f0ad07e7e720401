package dev.drawbridge.baseline;

import dev.drawbridge.node.NodeFiles;
import dev.drawbridge.node.NodeInfo;
import dev.drawbridge.shared.NodePath;
import dev.drawbridge.shared.WatchedSet;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.eclipse.jgit.api.Git;
import org.eclipse.jgit.api.ResetCommand;
import org.eclipse.jgit.api.Status;
import org.eclipse.jgit.api.errors.GitAPIException;
import org.eclipse.jgit.lib.Constants;
import org.eclipse.jgit.lib.ObjectId;
import org.eclipse.jgit.lib.ObjectInserter;
import org.eclipse.jgit.lib.PersonIdent;
import org.eclipse.jgit.lib.RefUpdate;
import org.eclipse.jgit.lib.Repository;
import org.eclipse.jgit.revwalk.RevCommit;
import org.eclipse.jgit.revwalk.RevWalk;
import org.eclipse.jgit.transport.PushResult;
import org.eclipse.jgit.transport.RefSpec;
import org.eclipse.jgit.transport.RemoteRefUpdate;
import org.jspecify.annotations.Nullable;

/**
 * Reads a healthy node into a clone of the baseline's repository and vouches for it. The node is only read; what the clone gets is a
 * signed commit on its branch and a signed tag, and it is pushed only when that was asked for.
 */
final class BaselineCapture {
    private final BaselineProperties settings;
    private final NodeFiles files;
    private final RevisionVerifier verifier;
    private final NodePath work;
    private final Consumer<String> out;

    /** @param out takes what a person should read, line by line */
    BaselineCapture(
            BaselineProperties settings,
            NodeFiles files,
            RevisionVerifier verifier,
            NodePath work,
            Consumer<String> out) {
        this.settings = settings;
        this.files = files;
        this.verifier = verifier;
        this.work = work;
        this.out = out;
    }

    /**
     * What is asked for.
     *
     * @param withKeys private keys are taken with their content
     * @param preview only show what would change
     * @param push hand branch and tag to the configured remote
     */
    record Request(
            NodeInfo node,
            WatchedSet paths,
            Path directory,
            boolean withKeys,
            boolean preview,
            boolean push,
            PersonIdent who,
            String message) {}

    /**
     * @return the commit that the tag leads to; null after a preview
     * @throws CaptureRefusedException when nothing was changed in the clone, and why
     */
    @Nullable
    ObjectId capture(Request request, ObjectSigner signer) throws IOException {
        String ref = settings.ref(request.node().name());
        try (Git clone = open(request.directory(), request.node())) {
            Repository git = clone.getRepository();
            String branch = branch(clone, ref);
            ObjectId head = git.resolve(Constants.HEAD);
            ObjectId before = head == null ? null : git.resolve(head.name() + "^{tree}");
            CapturedNode captured = CapturedNode.read(
                    files,
                    request.node().name(),
                    request.paths(),
                    request.withKeys(),
                    settings.maxFileSize().toBytes());
            try (ObjectInserter inserter = git.newObjectInserter()) {
                TreeReader reader = TreeReader.of(settings, work);
                ObjectId tree = new CaptureWriter(git, reader, request.node(), request.paths(), work)
                        .tree(inserter, before, captured);
                inserter.flush();
                // what cannot be read back must not be vouched for
                GitBaseline read = reader.read(git, tree, new BaselineRevision(tree.name(), "", ref), request.node());
                tell(captured, read, git, lastCapture(git, ref, head), before, tree);
                if (request.preview()) {
                    out.accept("preview: nothing was committed");
                    return null;
                }
                return vouch(request, signer, clone, inserter, branch, head, tree.equals(before) ? null : tree);
            }
        }
    }

    private Git open(Path directory, NodeInfo node) throws IOException {
        try {
            if (Files.exists(directory)) {
                return Git.open(directory.toFile());
            }
            String url = Objects.requireNonNull(settings.url(node.name()));
            try (GitRemote remote = new GitRemote(settings, url)) {
                Git cloned = Git.cloneRepository()
                        .setURI(url)
                        .setDirectory(directory.toFile())
                        .setTransportConfigCallback(remote::configure)
                        .setTimeout((int) settings.fetchTimeout().toSeconds())
                        .call();
                out.accept("cloned into " + directory);
                return cloned;
            }
        } catch (GitAPIException | org.eclipse.jgit.api.errors.JGitInternalException failed) {
            throw new CaptureRefusedException("the repository could not be cloned: " + failed.getMessage());
        }
    }

    private String branch(Git clone, String ref) throws IOException {
        Repository git = clone.getRepository();
        String branch = git.getFullBranch();
        if (branch == null || !branch.startsWith(Constants.R_HEADS)) {
            throw new CaptureRefusedException(
                    "the clone is on no branch: git switch to the one that holds the baseline");
        }
        if (ref.startsWith(Constants.R_HEADS) && !ref.equals(branch)) {
            throw new CaptureRefusedException("the baseline is " + ref + ", and the clone is on " + branch);
        }
        try {
            if (!git.isBare()) {
                Status status = clone.status().call();
                Set<String> changes = new TreeSet<>(status.getUncommittedChanges());
                if (!changes.isEmpty()) {
                    throw CaptureRefusedException.because(
                            "the clone has changes that are not committed", List.copyOf(changes));
                }
            }
        } catch (GitAPIException failed) {
            throw new IOException(failed);
        }
        return branch;
    }

    /**
     * The commit that was vouched for last. Whoever signs vouches for all that lies between it and now, also for what somebody else
     * put on the branch without a signature, and so all of it has to be shown.
     *
     * @return null when there is none
     */
    private @Nullable RevCommit lastCapture(Repository git, String ref, @Nullable ObjectId head) throws IOException {
        ObjectId now = git.resolve(ref);
        if (now == null || head == null) {
            return null;
        }
        try (RevWalk walk = new RevWalk(git)) {
            verifier.configure(git.getConfig());
            if (!(verifier.verify(git, walk, ref, now) instanceof RevisionVerifier.Verified.Signed signed)) {
                return null;
            }
            if (!walk.isMergedInto(signed.commit(), walk.parseCommit(head))) {
                throw new CaptureRefusedException(
                        "the clone is not ahead of " + ref + ": what is captured there would be refused as a rollback");
            }
            return signed.commit();
        }
    }

    private void tell(
            CapturedNode captured,
            GitBaseline read,
            Repository git,
            @Nullable RevCommit last,
            @Nullable ObjectId before,
            ObjectId tree)
            throws IOException {
        if (last != null) {
            out.accept("changed since the last capture:");
        } else if (before == null) {
            out.accept("first capture:");
        } else {
            out.accept("no capture of this repository was signed before: with it you vouch for all that it holds."
                    + " Changed from its newest commit:");
        }
        List<String> diff = CaptureDiff.between(git, last == null ? before : last.getTree(), tree);
        diff.forEach(out);
        if (diff.isEmpty()) {
            out.accept("nothing");
        }
        out.accept("node " + captured.scan().node() + ": " + captured.contents().size() + " files with their content, "
                + captured.withheld().size() + " by digest only; the baseline of the node has "
                + read.files().size() + " entries");
        captured.withheld()
                .keySet()
                .forEach(path -> out.accept("  by digest only, a restore of it will be a person's task: " + path));
    }

    /** @param tree null when it is that of the head */
    private ObjectId vouch(
            Request request,
            ObjectSigner signer,
            Git clone,
            ObjectInserter inserter,
            String branch,
            @Nullable ObjectId head,
            @Nullable ObjectId tree)
            throws IOException {
        Repository git = clone.getRepository();
        String ref = settings.ref(request.node().name());
        boolean tagged = ref.startsWith(Constants.R_TAGS);
        RevisionWriter writer = new RevisionWriter(git, signer, request.who());
        if (tree == null && holds(git, ref, Objects.requireNonNull(head))) {
            out.accept(ref + " holds it already, at " + head.name());
            if (request.push()) {
                push(request, clone, branch, ref);
            }
            return head;
        }
        ObjectId commit = tree == null && tagged
                ? Objects.requireNonNull(head)
                : writer.commit(
                        inserter,
                        tree == null ? Objects.requireNonNull(git.resolve(Constants.HEAD + "^{tree}")) : tree,
                        head,
                        request.message());
        ObjectId signed = tagged
                ? writer.tag(inserter, ref.substring(Constants.R_TAGS.length()), commit, request.message())
                : commit;
        inserter.flush();
        String signedBy = accepted(git, ref, signed);
        move(git, branch, head, commit);
        if (tagged) {
            writer.point(ref, signed);
        }
        checkOut(clone);
        out.accept(ref + " is " + commit.name() + ", signed by " + signedBy);
        if (request.push()) {
            push(request, clone, branch, ref);
        } else {
            out.accept(
                    "not pushed; when you have looked at it: git push origin " + branch + (tagged ? " +" + ref : ""));
        }
        return commit;
    }

    /** Whether the ref leads to the commit already, with a signature that counts. */
    private boolean holds(Repository git, String ref, ObjectId commit) throws IOException {
        ObjectId now = git.resolve(ref);
        if (now == null || !commit.equals(git.resolve(ref + "^{commit}"))) {
            return false;
        }
        try (RevWalk walk = new RevWalk(git)) {
            verifier.configure(git.getConfig());
            return verifier.verify(git, walk, ref, now) instanceof RevisionVerifier.Verified.Signed;
        }
    }

    /** As Drawbridge will see it: a signature that it refuses must not take the place of one that it accepts. */
    private String accepted(Repository git, String ref, ObjectId signed) throws IOException {
        try (RevWalk walk = new RevWalk(git)) {
            verifier.configure(git.getConfig());
            RevisionVerifier.Verified verified = verifier.verify(git, walk, ref, signed);
            if (verified instanceof RevisionVerifier.Verified.Signed good) {
                return good.revision().signer();
            }
            throw new CaptureRefusedException("this signature would not be accepted: "
                    + (verified instanceof RevisionVerifier.Verified.Bad bad ? bad.rule() + ", " + bad.reason() : ref));
        }
    }

    private static void move(Repository git, String branch, @Nullable ObjectId head, ObjectId commit)
            throws IOException {
        RefUpdate update = git.updateRef(branch);
        update.setExpectedOldObjectId(head == null ? ObjectId.zeroId() : head);
        update.setNewObjectId(commit);
        update.setRefLogMessage("drawbridge: capture", false);
        RefUpdate.Result result = update.update();
        if (result != RefUpdate.Result.NEW
                && result != RefUpdate.Result.FAST_FORWARD
                && result != RefUpdate.Result.NO_CHANGE) {
            throw new IOException(branch + " could not be set: " + result);
        }
    }

    private static void checkOut(Git clone) throws IOException {
        if (clone.getRepository().isBare()) {
            return;
        }
        try {
            clone.reset().setMode(ResetCommand.ResetType.HARD).call();
        } catch (GitAPIException failed) {
            throw new IOException("committed, but the working tree could not be brought up to it", failed);
        }
    }

    private void push(Request request, Git clone, String branch, String ref) throws IOException {
        String url = Objects.requireNonNull(settings.url(request.node().name()));
        try (GitRemote remote = new GitRemote(settings, url)) {
            Iterable<PushResult> results = clone.push()
                    .setRemote(url)
                    .setAtomic(false)
                    .setRefSpecs(
                            ref.startsWith(Constants.R_TAGS)
                                    ? List.of(new RefSpec(branch + ":" + branch), new RefSpec("+" + ref + ":" + ref))
                                    : List.of(new RefSpec(branch + ":" + branch)))
                    .setTransportConfigCallback(remote::configure)
                    .call();
            for (PushResult result : results) {
                for (RemoteRefUpdate update : result.getRemoteUpdates()) {
                    if (update.getStatus() != RemoteRefUpdate.Status.OK
                            && update.getStatus() != RemoteRefUpdate.Status.UP_TO_DATE) {
                        throw new IOException(
                                update.getRemoteName() + " was not taken by the remote: " + update.getStatus());
                    }
                }
            }
            out.accept("pushed " + branch + " and " + ref);
        } catch (GitAPIException failed) {
            throw new IOException("the remote could not be reached, nothing was pushed", failed);
        }
    }
}
