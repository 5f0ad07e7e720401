package dev.drawbridge.baseline;

import dev.drawbridge.shared.NodePath;
import dev.drawbridge.shared.WatchedSet;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.eclipse.jgit.api.errors.CanceledException;
import org.eclipse.jgit.api.errors.UnsupportedSigningFormatException;
import org.eclipse.jgit.dircache.DirCache;
import org.eclipse.jgit.dircache.DirCacheBuilder;
import org.eclipse.jgit.dircache.DirCacheEntry;
import org.eclipse.jgit.lib.CommitBuilder;
import org.eclipse.jgit.lib.Constants;
import org.eclipse.jgit.lib.FileMode;
import org.eclipse.jgit.lib.GpgConfig;
import org.eclipse.jgit.lib.ObjectBuilder;
import org.eclipse.jgit.lib.ObjectId;
import org.eclipse.jgit.lib.ObjectInserter;
import org.eclipse.jgit.lib.PersonIdent;
import org.eclipse.jgit.lib.RefUpdate;
import org.eclipse.jgit.lib.Repository;
import org.eclipse.jgit.lib.Signers;
import org.eclipse.jgit.lib.TagBuilder;
import org.eclipse.jgit.storage.file.FileRepositoryBuilder;

/**
 * Writes a signed baseline from directories that stand for the roots of healthy nodes: one overlay per node with its
 * {@code .etckeeper} metadata, one commit on {@code main}, one signed tag.
 */
public final class BaselineAuthor {
    private final Path repository;
    private final Path signingKey;
    private final String name;
    private final String email;

    /**
     * @param repository bare repository, made when it does not exist
     * @param signingKey private SSH key
     * @param email the principal that the allowed-signers file names
     */
    public BaselineAuthor(Path repository, Path signingKey, String name, String email) {
        this.repository = repository;
        this.signingKey = signingKey;
        this.name = name;
        this.email = email;
    }

    /**
     * @param roots root directory by node name
     * @param watched which files are taken
     * @return id of the commit
     */
    public String publish(Map<String, Path> roots, WatchedSet watched, String message, Instant at) throws IOException {
        try (Repository git = FileRepositoryBuilder.create(repository.toFile());
                ObjectInserter inserter = git.newObjectInserter()) {
            if (!Files.exists(repository.resolve("HEAD"))) {
                git.create(true);
            }
            PersonIdent author = new PersonIdent(name, email, at, ZoneOffset.UTC);
            CommitBuilder commit = new CommitBuilder();
            commit.setTreeId(tree(inserter, roots, watched));
            ObjectId parent = git.resolve(Constants.R_HEADS + "main");
            if (parent != null) {
                commit.setParentId(parent);
            }
            commit.setAuthor(author);
            commit.setCommitter(author);
            commit.setMessage(message + "\n");
            sign(git, commit, author);
            ObjectId commitId = inserter.insert(commit);
            TagBuilder tag = new TagBuilder();
            tag.setTag("baseline");
            tag.setTagger(author);
            tag.setMessage(message + "\n");
            tag.setObjectId(commitId, Constants.OBJ_COMMIT);
            sign(git, tag, author);
            ObjectId tagId = inserter.insert(tag);
            inserter.flush();
            point(git, Constants.R_HEADS + "main", commitId);
            point(git, Constants.R_TAGS + "baseline", tagId);
            return commitId.name();
        }
    }

    private void sign(Repository git, ObjectBuilder object, PersonIdent author) throws IOException {
        git.getConfig().setString("gpg", null, "format", "ssh");
        try {
            Signers.get(GpgConfig.GpgFormat.SSH)
                    .signObject(git, new GpgConfig(git.getConfig()), object, author, signingKey.toString(), null);
        } catch (CanceledException | UnsupportedSigningFormatException unusable) {
            throw new IOException("the baseline could not be signed", unusable);
        }
    }

    private static void point(Repository git, String ref, ObjectId target) throws IOException {
        RefUpdate update = git.updateRef(ref);
        update.setNewObjectId(target);
        RefUpdate.Result result = update.forceUpdate();
        if (result != RefUpdate.Result.NEW
                && result != RefUpdate.Result.FORCED
                && result != RefUpdate.Result.FAST_FORWARD) {
            throw new IOException(ref + " could not be set: " + result);
        }
    }

    private static ObjectId tree(ObjectInserter inserter, Map<String, Path> roots, WatchedSet watched)
            throws IOException {
        DirCache index = DirCache.newInCore();
        DirCacheBuilder builder = index.builder();
        for (Map.Entry<String, Path> root : new TreeMap<>(roots).entrySet()) {
            String overlay = "nodes/" + root.getKey() + "/";
            StringBuilder metadata = new StringBuilder("# Generated by drawbridge. Do not edit.\n");
            for (Path file : files(root.getValue())) {
                String relative = root.getValue().relativize(file).toString();
                if (watched.contains(NodePath.of("/" + relative))) {
                    add(builder, overlay + relative, inserter.insert(Constants.OBJ_BLOB, Files.readAllBytes(file)));
                    metadata.append(metadata(relative, file));
                }
            }
            add(
                    builder,
                    overlay + EtckeeperMetadata.FILE_NAME,
                    inserter.insert(Constants.OBJ_BLOB, metadata.toString().getBytes(StandardCharsets.UTF_8)));
        }
        builder.finish();
        return index.writeTree(inserter);
    }

    private static List<Path> files(Path root) throws IOException {
        try (Stream<Path> walk = Files.walk(root)) {
            return walk.filter(file -> Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS))
                    .sorted()
                    .toList();
        }
    }

    private static String metadata(String relative, Path file) throws IOException {
        Map<String, Object> facts = Files.readAttributes(file, "unix:uid,gid,mode", LinkOption.NOFOLLOW_LINKS);
        return EtckeeperMetadata.entry(
                relative,
                facts.get("uid").toString(),
                facts.get("gid").toString(),
                ((Integer) facts.get("mode")) & 07777);
    }

    private static void add(DirCacheBuilder builder, String path, ObjectId blob) {
        DirCacheEntry entry = new DirCacheEntry(path);
        entry.setFileMode(FileMode.REGULAR_FILE);
        entry.setObjectId(blob);
        builder.add(entry);
    }
}
