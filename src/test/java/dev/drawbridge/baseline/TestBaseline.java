package dev.drawbridge.baseline;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.drawbridge.audit.TestAudit;
import dev.drawbridge.shared.TestDatabase;
import dev.drawbridge.shared.WatchedSet;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.sshd.common.config.keys.PublicKeyEntry;
import org.apache.sshd.common.config.keys.writer.openssh.OpenSSHKeyPairResourceWriter;
import org.eclipse.jgit.dircache.DirCache;
import org.eclipse.jgit.dircache.DirCacheBuilder;
import org.eclipse.jgit.dircache.DirCacheEntry;
import org.eclipse.jgit.lib.Constants;
import org.eclipse.jgit.lib.FileMode;
import org.eclipse.jgit.lib.ObjectId;
import org.eclipse.jgit.lib.ObjectInserter;
import org.eclipse.jgit.lib.PersonIdent;
import org.eclipse.jgit.lib.Repository;
import org.eclipse.jgit.storage.file.FileRepositoryBuilder;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;

/** A signed Git baseline in a directory, made by the product's author and read by the product's verifier. */
public final class TestBaseline {
    public static final WatchedSet WATCHED =
            new WatchedSet(List.of("/etc/kubernetes/manifests/**", "/etc/kubernetes/pki/**", "/etc/kubernetes/*.conf"));
    private static final String EMAIL = "baseline@drawbridge.example";

    private final Path directory;
    private final TestDatabase database;

    public TestBaseline(Path directory, TestDatabase database) throws Exception {
        this.directory = Files.createDirectories(directory);
        this.database = database;
        writeKey("signer");
        allow("signer");
    }

    void writeKey(String name) throws Exception {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(256);
        KeyPair key = generator.generateKeyPair();
        Files.deleteIfExists(directory.resolve(name));
        // ssh-keygen passes over a key that others may read, and git then makes a tag without a signature
        Files.createFile(
                directory.resolve(name),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        try (OutputStream out = Files.newOutputStream(directory.resolve(name))) {
            OpenSSHKeyPairResourceWriter.INSTANCE.writePrivateKey(key, name, null, out);
        }
        Files.writeString(
                directory.resolve(name + ".pub"), PublicKeyEntry.toString(key.getPublic()) + " " + name + "\n");
    }

    void allow(String name) throws IOException {
        Files.writeString(
                directory.resolve("allowed_signers"), EMAIL + " " + Files.readString(directory.resolve(name + ".pub")));
    }

    Path remote() {
        return directory.resolve("baseline.git");
    }

    Path allowedSigners() {
        return directory.resolve("allowed_signers");
    }

    /** Publishes what these roots hold now, signed by the given key. */
    public String publish(Map<String, Path> roots, String key) throws IOException {
        return new BaselineAuthor(remote(), directory.resolve(key), "Baseline", EMAIL)
                .publish(roots, WATCHED, "Known good", Instant.parse("2026-11-24T00:00:00Z"));
    }

    public String publish(Map<String, Path> roots) throws IOException {
        return publish(roots, "signer");
    }

    /** Publishes a tree of these texts by path, signed. */
    public void publishTree(Map<String, String> texts) throws IOException {
        try (Repository git = FileRepositoryBuilder.create(remote().toFile());
                ObjectInserter inserter = git.newObjectInserter()) {
            if (!Files.exists(remote().resolve("HEAD"))) {
                git.create(true);
            }
            DirCache index = DirCache.newInCore();
            DirCacheBuilder builder = index.builder();
            for (Map.Entry<String, String> text : texts.entrySet()) {
                DirCacheEntry entry = new DirCacheEntry(text.getKey());
                entry.setFileMode(FileMode.REGULAR_FILE);
                entry.setObjectId(
                        inserter.insert(Constants.OBJ_BLOB, text.getValue().getBytes(UTF_8)));
                builder.add(entry);
            }
            builder.finish();
            RevisionWriter writer = new RevisionWriter(
                    git, new SshObjectSigner(key("signer"), null), new PersonIdent("Baseline", EMAIL));
            ObjectId commit =
                    writer.commit(inserter, index.writeTree(inserter), git.resolve("refs/heads/main"), "Known good");
            ObjectId tag = writer.tag(inserter, "baseline", commit, "Known good");
            inserter.flush();
            writer.point("refs/heads/main", commit);
            writer.point("refs/tags/baseline", tag);
        }
    }

    /** A verifier as after a start of the application: its cache is on disk, its memory is empty. */
    public Baselines baselines() {
        return baselines("refs/tags/baseline");
    }

    Path key(String name) {
        return directory.resolve(name);
    }

    Baselines baselines(String ref) {
        return baselines(ref, remote().toUri().toString(), Duration.ofSeconds(20));
    }

    Baselines baselines(String ref, String url, Duration fetchTimeout) {
        return baselines(
                Clock.systemUTC(), Map.of("ref", ref, "url", url, "fetch-timeout", fetchTimeout.toSeconds() + "s"));
    }

    /** @param properties further {@code drawbridge.baseline.} settings, without that prefix */
    Baselines baselines(Clock clock, Map<String, String> properties) {
        Map<String, String> all = new HashMap<>();
        all.put("url", remote().toUri().toString());
        all.put("allowed-signers", allowedSigners().toString());
        all.put("cache-directory", directory.resolve("cache.git").toString());
        all.putAll(properties);
        MapConfigurationPropertySource source = new MapConfigurationPropertySource();
        all.forEach((name, value) -> source.put("drawbridge.baseline." + name, value));
        return new GitBaselines(
                new Binder(source).bindOrCreate("drawbridge.baseline", BaselineProperties.class),
                "/etc/kubernetes/.drawbridge",
                database.jdbc(),
                database.transactions(),
                TestAudit.on(database, clock),
                clock);
    }
}
