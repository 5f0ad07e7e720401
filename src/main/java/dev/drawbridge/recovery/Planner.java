package dev.drawbridge.recovery;

import dev.drawbridge.baseline.Baseline;
import dev.drawbridge.baseline.BaselineFile;
import dev.drawbridge.baseline.BaselineFile.Held;
import dev.drawbridge.baseline.Drift;
import dev.drawbridge.node.Expected;
import dev.drawbridge.node.FileType;
import dev.drawbridge.node.ScannedFile;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.FileClass;
import dev.drawbridge.shared.FilePolicy;
import dev.drawbridge.shared.NodePath;
import dev.drawbridge.shared.StaticPodManifest;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Date;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Decides per drifted file what is safe to do, and in which order. Pure: the same drift gives the same steps.
 */
final class Planner {
    private static final int MOST_OF_A_TARGET = 300;

    private final Baseline baseline;
    private final RecoveryPolicy policy;
    private final List<Drift> drifts;
    private final Function<NodePath, Optional<byte[]>> onNode;
    private final Instant now;

    /** @param onNode content of a small file on the node; only asked for certificates */
    Planner(
            Baseline baseline,
            RecoveryPolicy policy,
            List<Drift> drifts,
            Function<NodePath, Optional<byte[]>> onNode,
            Instant now) {
        this.baseline = baseline;
        this.policy = policy;
        this.drifts = List.copyOf(drifts);
        this.onNode = onNode;
        this.now = now;
    }

    List<RestorePlan.Step> steps() {
        return drifts.stream()
                .map(this::step)
                .sorted(Comparator.comparingInt(Planner::rank).thenComparing(RestorePlan.Step::path))
                .toList();
    }

    /**
     * What runs although nobody approved it goes first; then what others trust, then what uses it; the API server last, because
     * it restarts and everything else is easier while it answers. Only what the baseline does not know is moved away.
     */
    private static int rank(RestorePlan.Step step) {
        boolean manifest = step.fileClass() == FileClass.STATIC_POD_MANIFEST;
        if (step.action() == FileAction.TASK) {
            return 9;
        }
        if (step.action() == FileAction.QUARANTINE) {
            return manifest ? 0 : 1;
        }
        if (manifest) {
            return step.path().name().startsWith("kube-apiserver.") ? 8 : 7;
        }
        return switch (step.fileClass()) {
            case CA_KEY, CA_CERTIFICATE -> 2;
            case LEAF_KEY, LEAF_CERTIFICATE -> 3;
            case KUBECONFIG -> 4;
            default -> 5;
        };
    }

    /** What is safe, or less: a policy never makes more of it. */
    private RestorePlan.Step step(Drift drift) {
        RestorePlan.Step safe = safe(drift);
        return safe.action() != FileAction.TASK && policy.of(safe) == FilePolicy.TASK
                ? make(
                        drift,
                        FileAction.TASK,
                        safe.why() + ", and the playbook leaves its class to a person",
                        "nothing: a person does what the playbook does not")
                : safe;
    }

    private RestorePlan.Step safe(Drift drift) {
        BaselineFile expected = drift.expected();
        if (expected != null && expected.held() != Held.CONTENT) {
            return notHeld(drift, expected);
        }
        return switch (drift.kind()) {
            case UNEXPECTED -> unexpected(drift);
            case WRONG_TYPE -> wrongType(drift);
            case UNREADABLE ->
                make(
                        drift,
                        FileAction.TASK,
                        "it cannot be read or keeps changing",
                        "nothing: a person must look at the node");
            case BLOCKED ->
                make(
                        drift,
                        FileAction.TASK,
                        "a watched directory is a link, no directory, or cannot be entered; nothing below it was compared",
                        "nothing: a person must look at the node and put the directory back");
            case METADATA_ONLY ->
                make(
                        drift,
                        FileAction.RESTORE_METADATA,
                        "owner, group or mode are not the baseline's",
                        "owner and mode are set; the content stays and nothing restarts");
            case MISSING -> changed(drift, "it is missing");
            case MODIFIED -> changed(drift, "its content is not the baseline's");
        };
    }

    /** What the baseline cannot give back is a person's, and is not moved away either: nothing could take its place. */
    private static RestorePlan.Step notHeld(Drift drift, BaselineFile expected) {
        if (expected.held() == Held.SUBMODULE) {
            return make(
                    drift,
                    FileAction.TASK,
                    "the baseline has a repository of its own here; nothing below it was compared",
                    "nothing: a person compares it, or takes it out of the baseline");
        }
        if (expected.held() == Held.DIRECTORY) {
            return make(
                    drift,
                    FileAction.TASK,
                    drift.kind() == Drift.Kind.MISSING
                            ? "a directory that must be there although it is empty is missing"
                            : drift.kind() == Drift.Kind.METADATA_ONLY
                                    ? "owner, group or mode of the directory are not the baseline's"
                                    : "where the baseline has a directory there is none",
                    "nothing: a person puts the directory right, owner %s:%s, mode %04o"
                            .formatted(expected.owner(), expected.group(), expected.mode()));
        }
        if (expected.held() == Held.LINK) {
            return make(
                    drift,
                    FileAction.TASK,
                    "the baseline has a link here, and it is not there or leads elsewhere",
                    "nothing: no link is ever made or followed; a person puts it right");
        }
        return switch (drift.kind()) {
            case METADATA_ONLY ->
                make(
                        drift,
                        FileAction.RESTORE_METADATA,
                        "owner, group or mode are not the baseline's",
                        "owner and mode are set; the content stays and nothing restarts");
            case UNREADABLE ->
                make(
                        drift,
                        FileAction.TASK,
                        "it cannot be read or keeps changing",
                        "nothing: a person must look at the node");
            default ->
                make(
                        drift,
                        FileAction.TASK,
                        (drift.kind() == Drift.Kind.MISSING
                                        ? "it is missing"
                                        : drift.kind() == Drift.Kind.WRONG_TYPE
                                                ? "a link, a special file or a second name stands where the baseline has a file"
                                                : "its content is not the baseline's")
                                + ", and the baseline holds its digest only",
                        "nothing: a person puts back the file with the digest of the baseline"
                                + (exposed(drift) ? " and rotates it: " + RotationScope.of(drift.path()) : ""));
        };
    }

    private static boolean exposed(Drift drift) {
        return Comparisons.CREDENTIALS.contains(drift.fileClass());
    }

    private RestorePlan.Step unexpected(Drift drift) {
        ScannedFile found = Objects.requireNonNull(drift.found());
        if (found.type() == FileType.UNSTABLE || found.unreadable()) {
            return make(
                    drift,
                    FileAction.TASK,
                    "not in the baseline, and it cannot be read or keeps changing",
                    "nothing: a person must look at the node");
        }
        boolean runs = StaticPodManifest.readByKubelet(drift.path());
        return make(
                drift,
                FileAction.QUARANTINE,
                "not in the baseline",
                runs
                        ? "it is moved away and kept; kubelet stops the static pod that it runs"
                        : "it is moved away and kept");
    }

    /**
     * The baseline's file takes its place at once, by one rename: moved away first, it would leave the place empty in between, and what runs
     * from it would end.
     */
    private RestorePlan.Step wrongType(Drift drift) {
        ScannedFile found = Objects.requireNonNull(drift.found());
        if (found.type() == FileType.FILE) {
            boolean same = drift.expected() != null && drift.expected().sha256().equals(found.sha256());
            return changed(
                    drift,
                    "it has another name, by which it can be changed from elsewhere, and its content is "
                            + (same ? "" : "not ") + "the baseline's");
        }
        String stands = "a " + found.type().name().toLowerCase(Locale.ROOT).replace('_', ' ')
                + (found.linkTarget() == null ? "" : " to " + shortened(found.linkTarget()))
                + " stands where the baseline has a file";
        return Expected.replaceable(found)
                ? changed(drift, stands)
                : make(
                        drift,
                        FileAction.TASK,
                        stands,
                        "nothing: evidence does not hold all of it; a person moves it away, and the next plan puts the file back");
    }

    /** Escaped as it comes from the scan, but as long as whoever made the link liked. */
    private static String shortened(String target) {
        return target.length() <= MOST_OF_A_TARGET ? target : target.substring(0, MOST_OF_A_TARGET) + "…";
    }

    private RestorePlan.Step changed(Drift drift, String what) {
        return switch (drift.fileClass()) {
            case STATIC_POD_MANIFEST -> make(drift, FileAction.RESTORE, what, manifest(drift));
            case CA_KEY ->
                make(
                        drift,
                        FileAction.RESTORE,
                        what + "; a key that mints identities was touched and counts as disclosed",
                        "components sign with the approved key again at their next start; the key must be rotated: "
                                + RotationScope.of(drift.path()));
            case LEAF_CERTIFICATE, LEAF_KEY, KUBECONFIG -> credential(drift, what);
            case CA_CERTIFICATE ->
                make(
                        drift,
                        FileAction.RESTORE,
                        what,
                        "components trust the approved authority again at their next start");
            case OTHER -> make(drift, FileAction.RESTORE, what, "the approved content is back");
        };
    }

    private String manifest(Drift drift) {
        if (!StaticPodManifest.readByKubelet(drift.path())) {
            return "the approved content is back; kubelet runs nothing from this file";
        }
        if (drift.found() == null
                || drift.found().sha256() == null && drift.found().type() != FileType.SYMLINK) {
            return "kubelet starts " + pod(drift);
        }
        return drift.found().sha256() != null
                        && drift.found()
                                .sha256()
                                .equals(Objects.requireNonNull(drift.expected()).sha256())
                ? "the file gets an inode of its own; kubelet finds the same content and restarts nothing"
                : "kubelet restarts " + pod(drift);
    }

    /** Which static pod the baseline's manifest makes kubelet run. */
    private String pod(Drift drift) {
        StaticPodManifest.Reading reading = StaticPodManifest.read(content(Objects.requireNonNull(drift.expected())));
        return reading instanceof StaticPodManifest.Reading.StaticPod pod
                ? "the static pod " + pod.key()
                : "the static pod of " + drift.path().name();
    }

    private RestorePlan.Step credential(Drift drift, String what) {
        NodePath certificate = drift.fileClass() == FileClass.LEAF_KEY ? certificateOf(drift.path()) : drift.path();
        Objection objection = objection(certificate);
        return objection != null
                ? make(drift, FileAction.TASK, what + objection.why(), "nothing: " + objection.effect())
                : make(
                        drift,
                        FileAction.RESTORE,
                        what,
                        "the approved credential is back at the next start of what uses it; rotate it: "
                                + RotationScope.of(drift.path()));
    }

    /** Why a credential of the baseline is not put back without a person. */
    private record Objection(String why, String effect) {}

    /**
     * A credential is put back only when its certificate in the baseline is known to be valid now, and not older than one on the node that the
     * cluster's authority signed. A key follows its certificate, be that changed or not: beside another certificate it is of no use.
     *
     * @param path of the certificate or kubeconfig
     * @return null when nothing speaks against it
     */
    private @Nullable Objection objection(NodePath path) {
        BaselineFile file = baseline.files().get(path);
        if (file == null) {
            return new Objection(
                    ", and the baseline has no certificate for it",
                    "whether the baseline's is still valid cannot be told");
        }
        if (file.held() != Held.CONTENT) {
            return new Objection(
                    ", and of its certificate the baseline holds the digest only",
                    "whether the baseline's is still valid cannot be told");
        }
        List<X509Certificate> approved = identities(path, content(file)).orElse(null);
        if (approved == null) {
            return new Objection(
                    ", and its certificate in the baseline cannot be read",
                    "whether the baseline's is still valid cannot be told");
        }
        if (approved.stream().anyMatch(certificate -> certificate.getNotAfter().before(Date.from(now)))) {
            return new Objection(
                    ", but the certificate in the baseline has expired", "restoring it would cut the component off");
        }
        if (approved.stream().anyMatch(certificate -> certificate.getNotBefore().after(Date.from(now)))) {
            return new Objection(
                    ", but the certificate in the baseline is not valid yet",
                    "restoring it would cut the component off");
        }
        if (drifts.stream()
                .anyMatch(drift ->
                        drift.kind() == Drift.Kind.UNREADABLE && drift.path().equals(path))) {
            return new Objection(
                    ", and the certificate on the node cannot be read or keeps changing",
                    "whether it was renewed cannot be told");
        }
        // what cannot be read as a certificate is none that anybody issued
        List<X509Certificate> newer =
                onNode.apply(path).flatMap(content -> identities(path, content)).orElse(List.of()).stream()
                        .filter(current -> approved.stream().anyMatch(one -> isNewer(current, one)))
                        .toList();
        return newer.isEmpty() ? null : renewal(newer);
    }

    private static Optional<List<X509Certificate>> identities(NodePath path, byte[] content) {
        return FileClass.of(path) == FileClass.KUBECONFIG
                ? Certificates.inKubeconfig(content)
                : Certificates.leaf(content).map(List::of);
    }

    private boolean isNewer(X509Certificate current, X509Certificate approved) {
        return current.getNotBefore().after(approved.getNotBefore())
                && !current.getNotBefore().after(Date.from(now))
                && current.getNotAfter().after(Date.from(now))
                && current.getSubjectX500Principal().equals(approved.getSubjectX500Principal());
    }

    /** @return null when none of them was signed by an authority of the baseline */
    private @Nullable Objection renewal(List<X509Certificate> newer) {
        List<X509Certificate> authorities = new ArrayList<>();
        boolean allKnown = true;
        for (BaselineFile file : baseline.files().values()) {
            // sa.pub is no certificate and signs none
            if (FileClass.of(file.path()) == FileClass.CA_CERTIFICATE
                    && !file.path().name().endsWith(".pub")) {
                Optional<List<X509Certificate>> read =
                        file.held() == Held.CONTENT ? Certificates.inPem(content(file)) : Optional.empty();
                read.ifPresent(authorities::addAll);
                allKnown &= read.isPresent();
            }
        }
        if (newer.stream().anyMatch(certificate -> Certificates.signedByAny(certificate, authorities))) {
            return new Objection(
                    ", but the node holds a newer valid certificate signed by the cluster's authority",
                    "it looks like a renewal; a person decides and updates the baseline");
        }
        return allKnown && !authorities.isEmpty()
                ? null
                : new Objection(
                        ", but the node holds a newer certificate, and an authority of the baseline cannot be read",
                        "whether it was renewed cannot be told");
    }

    private static NodePath certificateOf(NodePath key) {
        String name = key.name();
        return key.parent().resolve(name.substring(0, name.length() - ".key".length()) + ".crt");
    }

    private byte[] content(BaselineFile file) {
        try (InputStream in = baseline.open(file)) {
            return in.readAllBytes();
        } catch (IOException broken) {
            throw new UncheckedIOException(broken);
        }
    }

    private static RestorePlan.Step make(Drift drift, FileAction action, String why, String effect) {
        return new RestorePlan.Step(
                drift.path(),
                drift.kind(),
                drift.fileClass(),
                action,
                before(drift),
                after(drift, action),
                why,
                effect);
    }

    private static @Nullable Digest before(Drift drift) {
        return drift.found() == null ? null : drift.found().sha256();
    }

    private static @Nullable Digest after(Drift drift, FileAction action) {
        return action == FileAction.QUARANTINE || drift.expected() == null
                ? null
                : drift.expected().sha256();
    }
}
