package dev.drawbridge.baseline;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.drawbridge.node.NodeInfo;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.TestDatabase;
import java.io.ByteArrayInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Date;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.bouncycastle.bcpg.HashAlgorithmTags;
import org.bouncycastle.bcpg.PublicKeyPacket;
import org.bouncycastle.bcpg.sig.KeyFlags;
import org.bouncycastle.openpgp.PGPPublicKey;
import org.bouncycastle.openpgp.PGPSignature;
import org.bouncycastle.openpgp.PGPSignatureGenerator;
import org.bouncycastle.openpgp.PGPSignatureSubpacketGenerator;
import org.bouncycastle.openpgp.api.OpenPGPApi;
import org.bouncycastle.openpgp.api.OpenPGPKey;
import org.bouncycastle.openpgp.api.OpenPGPSignature.OpenPGPDocumentSignature;
import org.bouncycastle.openpgp.api.SignatureParameters;
import org.bouncycastle.openpgp.api.bc.BcOpenPGPApi;
import org.bouncycastle.openpgp.operator.bc.BcPGPContentSignerBuilder;
import org.eclipse.jgit.api.Git;
import org.eclipse.jgit.lib.CommitBuilder;
import org.eclipse.jgit.lib.Constants;
import org.eclipse.jgit.lib.GpgSignature;
import org.eclipse.jgit.lib.ObjectBuilder;
import org.eclipse.jgit.lib.ObjectId;
import org.eclipse.jgit.lib.ObjectInserter;
import org.eclipse.jgit.lib.PersonIdent;
import org.eclipse.jgit.lib.RefUpdate;
import org.eclipse.jgit.lib.Repository;
import org.eclipse.jgit.lib.TagBuilder;
import org.eclipse.jgit.revwalk.RevCommit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OpenPgpBaselineTest {
    private static final NodeInfo NODE =
            new NodeInfo(NodeName.of("cp-1"), "uid-1", Set.of(), Set.of("control-plane"), Map.of());
    private static final OpenPGPApi PGP = new BcOpenPGPApi();
    private static final Instant MADE = Instant.parse("2026-01-01T00:00:00Z");
    private static final Instant SIGNED = Instant.parse("2026-06-01T00:00:00Z");
    private static final Instant NOW = Instant.parse("2026-07-01T00:00:00Z");

    @TempDir
    Path temp;

    private final TestDatabase database = TestDatabase.h2();
    private TestBaseline baseline;
    private Path root;
    private OpenPGPKey signer;

    @BeforeEach
    void prepare() throws Exception {
        baseline = new TestBaseline(temp.resolve("git"), database);
        root = temp.resolve("cp-1");
        signer = key(null);
        allow(signer);
        publish("v1");
    }

    @AfterEach
    void close() throws Exception {
        database.close();
    }

    private String publish(String manifest) throws Exception {
        Path file = root.resolve("etc/kubernetes/manifests/etcd.yaml");
        Files.createDirectories(file.getParent());
        Files.writeString(file, manifest);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
        return baseline.publish(Map.of("cp-1", root));
    }

    /** Ed25519 with a user id, which may certify and sign. */
    private static OpenPGPKey key(Duration life) throws Exception {
        return PGP.generateKey(PublicKeyPacket.VERSION_4, Date.from(MADE))
                .withPrimaryKey(
                        pair -> pair.generateLegacyEd25519KeyPair(),
                        flags(KeyFlags.CERTIFY_OTHER | KeyFlags.SIGN_DATA, life))
                .addUserId(
                        "Baseline <baseline@drawbridge.example>",
                        flags(KeyFlags.CERTIFY_OTHER | KeyFlags.SIGN_DATA, life))
                .build();
    }

    private static SignatureParameters.Callback flags(int flags, Duration life) {
        return hashed(subpackets -> {
            subpackets.removePacketsOfType(org.bouncycastle.bcpg.SignatureSubpacketTags.KEY_FLAGS);
            subpackets.setKeyFlags(flags);
            if (life != null) {
                subpackets.setKeyExpirationTime(life.toSeconds());
            }
        });
    }

    private interface Subpackets {
        void change(PGPSignatureSubpacketGenerator subpackets);
    }

    private static SignatureParameters.Callback hashed(Subpackets change) {
        return new SignatureParameters.Callback() {
            @Override
            public SignatureParameters apply(SignatureParameters parameters) {
                return parameters.setHashedSubpacketsFunction(subpackets -> {
                    change.change(subpackets);
                    return subpackets;
                });
            }
        };
    }

    private static SignatureParameters.Callback at(Instant time) {
        return new SignatureParameters.Callback() {
            @Override
            public SignatureParameters apply(SignatureParameters parameters) {
                return parameters.setSignatureCreationTime(Date.from(time));
            }
        };
    }

    private void allow(OpenPGPKey... keys) throws Exception {
        StringBuilder armored = new StringBuilder();
        for (OpenPGPKey key : keys) {
            armored.append(key.toCertificate().toAsciiArmoredString()).append('\n');
        }
        Files.writeString(temp.resolve("keys.asc"), armored);
    }

    private static String fingerprint(OpenPGPKey key) {
        return HexFormat.of().formatHex(key.getFingerprint()).toUpperCase(Locale.ROOT);
    }

    private BaselineResult trusted(Instant now, String... properties) {
        Map<String, String> all = new HashMap<>(Map.of(
                "signature-format", "openpgp",
                "allowed-signers", temp.resolve("keys.asc").toString(),
                "signer-fingerprints", fingerprint(signer)));
        for (int i = 0; i < properties.length; i += 2) {
            all.put(properties[i], properties[i + 1]);
        }
        return baseline.baselines(Clock.fixed(now, ZoneOffset.UTC), all).trusted(NODE);
    }

    private static void refused(BaselineResult result, String rule) {
        assertThat(result)
                .isInstanceOfSatisfying(
                        BaselineResult.Untrusted.class,
                        untrusted -> assertThat(untrusted.rule()).isEqualTo(rule));
    }

    private static void signedBy(BaselineResult result, String fingerprint) {
        assertThat(result)
                .isInstanceOfSatisfying(
                        BaselineResult.Trusted.class,
                        trusted -> assertThat(trusted.baseline().revision().signer())
                                .isEqualTo(fingerprint));
    }

    private interface Signer {
        String sign(byte[] content) throws Exception;
    }

    private static Signer by(OpenPGPKey key, Instant at) {
        return by(key, at(at));
    }

    private static Signer by(OpenPGPKey key, SignatureParameters.Callback how) {
        return content -> {
            List<OpenPGPDocumentSignature> made =
                    PGP.createDetachedSignature().addSigningKey(key, how).sign(new ByteArrayInputStream(content));
            return made.get(0).toAsciiArmoredString();
        };
    }

    /** Below the library's checks: what only an attacker or an old program would make. */
    private static Signer raw(OpenPGPKey key, int type, int hash, Instant at) {
        return content -> {
            PGPPublicKey open = key.getPrimaryKey().getPGPPublicKey();
            PGPSignatureGenerator generator =
                    new PGPSignatureGenerator(new BcPGPContentSignerBuilder(open.getAlgorithm(), hash), open);
            generator.init(type, key.getPrimarySecretKey().unlock().getKeyPair().getPrivateKey());
            PGPSignatureSubpacketGenerator subpackets = new PGPSignatureSubpacketGenerator();
            subpackets.setSignatureCreationTime(true, Date.from(at));
            subpackets.setIssuerFingerprint(false, open);
            generator.setHashedSubpackets(subpackets.generate());
            generator.update(content);
            return new OpenPGPDocumentSignature(generator.generate(), null).toAsciiArmoredString();
        };
    }

    private void tag(Signer signing) throws Exception {
        tag(signing, "Known good\n", "Known good\n");
    }

    private void tag(Signer signing, String signedMessage, String message) throws Exception {
        try (Git git = Git.open(baseline.remote().toFile())) {
            Repository repository = git.getRepository();
            TagBuilder tag = new TagBuilder();
            tag.setTag("baseline");
            tag.setTagger(new PersonIdent("Baseline", "baseline@drawbridge.example", SIGNED, ZoneOffset.UTC));
            tag.setObjectId(repository.resolve("refs/heads/main"), Constants.OBJ_COMMIT);
            tag.setMessage(signedMessage);
            String signature = signing.sign(tag.build());
            tag.setMessage(message);
            insert(repository, tag, signature, "refs/tags/baseline");
        }
    }

    private static void insert(Repository repository, ObjectBuilder object, String signature, String ref)
            throws Exception {
        object.setGpgSignature(new GpgSignature(signature.getBytes(US_ASCII)));
        try (ObjectInserter inserter = repository.newObjectInserter()) {
            ObjectId id = inserter.insert(
                    object instanceof TagBuilder ? Constants.OBJ_TAG : Constants.OBJ_COMMIT, object.build());
            inserter.flush();
            point(repository, ref, id);
        }
    }

    private static void point(Repository repository, String ref, ObjectId id) throws Exception {
        RefUpdate update = repository.updateRef(ref);
        update.setNewObjectId(id);
        update.forceUpdate();
    }

    @Test
    void aTagSignedByAnAllowedKeyIsTrusted() throws Exception {
        tag(by(signer, SIGNED));
        signedBy(trusted(NOW), fingerprint(signer));
    }

    @Test
    void aSigningSubkeyCountsAsItsPrimaryKey() throws Exception {
        signer = PGP.generateKey(Date.from(MADE))
                .signOnlyKey()
                .addSigningSubkey()
                .build();
        allow(key(null), signer);
        assertThat(signer.getSigningKeys(Date.from(NOW))).hasSize(2);
        var subkey = signer.getSecretKey(signer.getSubkeys().values().iterator().next());
        tag(content -> PGP.createDetachedSignature()
                .addSigningKey(subkey, (char[]) null, at(SIGNED))
                .sign(new ByteArrayInputStream(content))
                .get(0)
                .toAsciiArmoredString());
        signedBy(trusted(NOW), fingerprint(signer));

        allow(PGP.editKey(signer).revokeComponentKey(subkey.getPublicKey()).done());
        refused(trusted(NOW), "signer-revoked");
    }

    @Test
    void aKeyThatIsNotInTheFileOrNotNamedIsRefused() throws Exception {
        OpenPGPKey other = key(null);
        tag(by(other, SIGNED));
        refused(trusted(NOW), "signer-not-allowed");
        // a whole key ring was exported
        allow(signer, other);
        refused(trusted(NOW), "signer-not-allowed");
        signedBy(trusted(NOW, "signer-fingerprints", fingerprint(other)), fingerprint(other));
    }

    @Test
    void aRevokedKeyIsRefusedWhateverTimeTheSignatureClaims() throws Exception {
        tag(by(signer, SIGNED));
        signedBy(trusted(NOW), fingerprint(signer));
        allow(PGP.editKey(signer).revokeKey().done());
        refused(trusted(NOW), "signer-revoked");
    }

    @Test
    void anExpiredKeyIsRefusedAlthoughItWasValidWhenItClaimsToHaveSigned() throws Exception {
        signer = key(Duration.ofDays(200));
        allow(signer);
        tag(raw(signer, PGPSignature.BINARY_DOCUMENT, HashAlgorithmTags.SHA256, SIGNED));
        signedBy(trusted(NOW), fingerprint(signer));
        refused(trusted(MADE.plus(Duration.ofDays(201))), "signer-expired");
    }

    @Test
    void anExpiredSignatureIsRefused() throws Exception {
        tag(by(signer, new SignatureParameters.Callback() {
            @Override
            public SignatureParameters apply(SignatureParameters parameters) {
                return parameters
                        .setSignatureCreationTime(Date.from(SIGNED))
                        .setHashedSubpacketsFunction(subpackets -> {
                            subpackets.setSignatureExpirationTime(
                                    Duration.ofDays(40).toSeconds());
                            return subpackets;
                        });
            }
        }));
        signedBy(trusted(NOW), fingerprint(signer));
        refused(trusted(SIGNED.plus(Duration.ofDays(41))), "signature-expired");
    }

    @Test
    void aSignatureOfTheFutureIsRefused() throws Exception {
        tag(by(signer, NOW.plusSeconds(60)));
        refused(trusted(NOW), "signature-invalid");
    }

    @Test
    void aKeyThatMayOnlyCertifyDoesNotSign() throws Exception {
        signer = PGP.generateKey(PublicKeyPacket.VERSION_4, Date.from(MADE))
                .withPrimaryKey(pair -> pair.generateLegacyEd25519KeyPair(), flags(KeyFlags.CERTIFY_OTHER, null))
                .addUserId("Baseline <baseline@drawbridge.example>", flags(KeyFlags.CERTIFY_OTHER, null))
                .build();
        allow(signer);
        tag(raw(signer, PGPSignature.BINARY_DOCUMENT, HashAlgorithmTags.SHA256, SIGNED));
        refused(trusted(NOW), "signer-expired");
    }

    @Test
    void aBrokenHashIsRefused() throws Exception {
        tag(raw(signer, PGPSignature.BINARY_DOCUMENT, HashAlgorithmTags.SHA256, SIGNED));
        signedBy(trusted(NOW), fingerprint(signer));
        tag(raw(signer, PGPSignature.BINARY_DOCUMENT, HashAlgorithmTags.SHA1, SIGNED));
        refused(trusted(NOW), "signature-invalid");
    }

    @Test
    void onlyOneBinarySignatureIsRead() throws Exception {
        tag(raw(signer, PGPSignature.CANONICAL_TEXT_DOCUMENT, HashAlgorithmTags.SHA256, SIGNED));
        refused(trusted(NOW), "signature-format");
        // Git takes the last one, and so the first is content
        tag(content -> by(signer, SIGNED).sign(content) + by(signer, SIGNED).sign(content));
        refused(trusted(NOW), "signature-invalid");
        tag(content -> by(signer, SIGNED).sign(content) + "and what nobody signed\n");
        refused(trusted(NOW), "signature-format");
        tag(content -> "-----BEGIN PGP SIGNATURE-----\n\nnonsense\n-----END PGP SIGNATURE-----\n");
        refused(trusted(NOW), "signature-format");
    }

    @Test
    void theConfiguredFormatIsTheOnlyOne() throws Exception {
        // signed by SSH, and openpgp is configured
        refused(trusted(NOW), "signature-format");
        tag(by(signer, SIGNED));
        refused(baseline.baselines().trusted(NODE), "signature-format");
    }

    @Test
    void aTamperedTagIsRefused() throws Exception {
        tag(by(signer, SIGNED), "Known good\n", "Known bad\n");
        refused(trusted(NOW), "signature-invalid");
    }

    @Test
    void aSignatureOfAnotherTagIsRefused() throws Exception {
        tag(by(signer, SIGNED));
        String[] moved = new String[1];
        tag(content -> moved[0] = by(signer, SIGNED).sign(content));
        publish("v2");
        tag(content -> moved[0]);
        refused(trusted(NOW), "signature-invalid");
    }

    @Test
    void anOlderRevisionAndAnotherHistoryAreRefused() throws Exception {
        tag(by(signer, SIGNED));
        byte[] first = Files.readAllBytes(baseline.remote().resolve("refs/tags/baseline"));
        publish("v2");
        tag(by(signer, SIGNED));
        signedBy(trusted(NOW), fingerprint(signer));
        Files.write(baseline.remote().resolve("refs/tags/baseline"), first);
        refused(trusted(NOW), "rollback");
        Files.delete(baseline.remote().resolve("refs/heads/main"));
        publish("v3");
        tag(by(signer, SIGNED));
        refused(trusted(NOW), "not-fast-forward");
    }

    @Test
    void aSignedCommitAtTheHeadOfABranchCountsAndATamperedOneDoesNot() throws Exception {
        commit("As it should be\n", "As it should be\n");
        signedBy(trusted(NOW, "ref", "refs/heads/main"), fingerprint(signer));
        commit("As it should be\n", "As somebody wants it\n");
        refused(trusted(NOW, "ref", "refs/heads/main"), "signature-invalid");
    }

    private void commit(String signedMessage, String message) throws Exception {
        try (Git git = Git.open(baseline.remote().toFile())) {
            Repository repository = git.getRepository();
            RevCommit parent = repository.parseCommit(repository.resolve("refs/heads/main"));
            CommitBuilder commit = new CommitBuilder();
            commit.setTreeId(parent.getTree());
            commit.setParentId(parent);
            commit.setAuthor(new PersonIdent("Baseline", "baseline@drawbridge.example", SIGNED, ZoneOffset.UTC));
            commit.setCommitter(commit.getAuthor());
            commit.setMessage(signedMessage);
            String signature = by(signer, SIGNED).sign(commit.build());
            commit.setMessage(message);
            insert(repository, commit, signature, "refs/heads/main");
        }
    }

    @Test
    void whatGnuPgAndGitSignIsTrustedUntilGnuPgRevokesTheKey() throws Exception {
        assumeTrue(there("gpg") && there("git"), "gpg and git are not installed");
        Path home = Files.createDirectory(
                temp.resolve("g"), PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        Instant now = Instant.now().plusSeconds(60);
        try {
            run(
                    home,
                    "gpg",
                    "--batch",
                    "--passphrase",
                    "",
                    "--quick-gen-key",
                    "Baseline <b@example.org>",
                    "ed25519",
                    "sign",
                    "2d");
            String fingerprint = run(home, "gpg", "--with-colons", "--list-keys")
                    .lines()
                    .filter(line -> line.startsWith("fpr:"))
                    .findFirst()
                    .orElseThrow()
                    .replaceAll("[fpr:]", "");
            run(
                    home,
                    "git",
                    "-C",
                    baseline.remote().toString(),
                    "-c",
                    "user.name=Baseline",
                    "-c",
                    "user.email=b@example.org",
                    "-c",
                    "user.signingkey=" + fingerprint,
                    "-c",
                    "gpg.format=openpgp",
                    "tag",
                    "-s",
                    "-f",
                    "-m",
                    "Known good",
                    "baseline",
                    "main");
            export(home);
            signedBy(trusted(now, "signer-fingerprints", fingerprint), fingerprint);
            refused(trusted(now.plus(Duration.ofDays(3)), "signer-fingerprints", fingerprint), "signer-expired");

            Path revocation = home.resolve("openpgp-revocs.d/" + fingerprint + ".rev");
            Files.writeString(revocation, Files.readString(revocation).replace(":-----BEGIN", "-----BEGIN"));
            run(home, "gpg", "--batch", "--import", revocation.toString());
            export(home);
            refused(trusted(now, "signer-fingerprints", fingerprint), "signer-revoked");
        } finally {
            run(home, "gpgconf", "--kill", "gpg-agent");
        }
    }

    private void export(Path home) throws Exception {
        Files.writeString(temp.resolve("keys.asc"), run(home, "gpg", "--armor", "--export"));
    }

    private static boolean there(String program) {
        return Arrays.stream(System.getenv("PATH").split(":"))
                .anyMatch(directory -> Files.isExecutable(Path.of(directory, program)));
    }

    private static String run(Path home, String... command) throws Exception {
        ProcessBuilder builder = new ProcessBuilder(new ArrayList<>(List.of(command)));
        builder.environment().put("GNUPGHOME", home.toString());
        builder.redirectError(home.resolve("stderr").toFile());
        Process process = builder.start();
        process.getOutputStream().close();
        String said = new String(process.getInputStream().readAllBytes(), UTF_8);
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue())
                .as(String.join(" ", command) + "\n" + said + Files.readString(home.resolve("stderr")))
                .isZero();
        return said;
    }
}
