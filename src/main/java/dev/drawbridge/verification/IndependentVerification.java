package dev.drawbridge.verification;

import dev.drawbridge.audit.AuditEvent;
import dev.drawbridge.audit.AuditTrail;
import dev.drawbridge.baseline.Baseline;
import dev.drawbridge.baseline.BaselineFile;
import dev.drawbridge.baseline.BaselineResult;
import dev.drawbridge.baseline.BaselineRevision;
import dev.drawbridge.baseline.Baselines;
import dev.drawbridge.node.NodeDirectory;
import dev.drawbridge.node.NodeFiles;
import dev.drawbridge.node.NodeScan;
import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.StaticPodManifest;
import dev.drawbridge.shared.StaticPodManifest.Reading;
import dev.drawbridge.shared.StaticPodManifest.Reading.StaticPod;
import dev.drawbridge.shared.TimeLimit;
import dev.drawbridge.shared.WatchedSet;
import dev.drawbridge.verification.VerificationReport.Check;
import dev.drawbridge.verification.VerificationReport.Status;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Service;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * Looks at node, cluster and baseline anew. Every check stands alone: what one cannot find out does not keep the others from
 * running, and does not pass. Writes nothing on the node.
 */
@Service
class IndependentVerification implements Verification {
    private static final Logger log = LoggerFactory.getLogger(IndependentVerification.class);
    private static final String SIGNATURE = "Baseline signature";
    private static final String SIGNED = "signed by an allowed key, not older than what was accepted before";

    /** No look begins with less left: it may take a request's whole time limit. */
    private static final Duration A_LOOK = Duration.ofSeconds(1);

    private final NodeDirectory directory;
    private final NodeFiles files;
    private final NodeManifests manifests;
    private final Baselines baselines;
    private final ClusterChecks cluster;
    private final Convergence convergence;
    private final VerificationStore store;
    private final AuditTrail audit;
    private final TransactionTemplate transaction;
    private final Clock clock;

    IndependentVerification(
            NodeDirectory directory,
            NodeFiles files,
            NodeManifests manifests,
            Baselines baselines,
            ClusterChecks cluster,
            Convergence convergence,
            VerificationStore store,
            AuditTrail audit,
            PlatformTransactionManager transactions,
            Clock clock) {
        this.directory = directory;
        this.files = files;
        this.manifests = manifests;
        this.baselines = baselines;
        this.cluster = cluster;
        this.convergence = convergence;
        this.store = store;
        this.audit = audit;
        this.transaction = new TransactionTemplate(transactions);
        this.clock = clock;
    }

    /** What a check needs, or why it is not there. */
    private record Known<T>(@Nullable T value, String reason) {
        static <T> Known<T> of(T value) {
            return new Known<>(value, "");
        }

        static <T> Known<T> not(String reason) {
            return new Known<>(null, reason);
        }
    }

    @Override
    public VerificationReport verify(Actor actor, IncidentId incident, NodeName node, VerificationPolicy policy) {
        List<Check> checks = checks(node, policy);
        Instant at = clock.instant().truncatedTo(ChronoUnit.MICROS);
        VerificationReport report = transaction.execute(status -> keep(actor, incident, node, at, checks));
        log.info(
                "incident={} node={} verification round={} passed={} digest={}",
                incident,
                node,
                report.round(),
                report.passed(),
                report.digest());
        // after all looks: while kubelet and API server come to rest, each look would log the same
        checks.stream()
                .filter(check -> check.status() == Status.NOT_AVAILABLE)
                .forEach(check -> log.warn(
                        "incident={} node={} check=\"{}\" not available: {}",
                        incident,
                        node,
                        check.name(),
                        check.found().replace('\n', ' ')));
        return report;
    }

    @Override
    public List<VerificationReport> reports(IncidentId incident) {
        return store.of(incident);
    }

    private List<Check> checks(NodeName node, VerificationPolicy policy) {
        Known<BaselineResult> asked = known(() -> baseline(node));
        Known<Baseline> baseline = trusted(asked);
        Convergence.Turns turns = convergence.begin();
        List<Check> pods = new ArrayList<>();
        if (policy.requireStaticPods()) {
            // first, so that the scan is the newest that the report knows when kubelet was waited for
            pods.add(staticPods(node, baseline, turns));
        }
        Known<NodeScan> scan =
                known(() -> Known.of(files.scan(node, policy.watched().roots())));
        if (policy.requireStaticPods()) {
            pods.add(namespaces(scan));
        }
        List<Check> checks = new ArrayList<>();
        checks.add(signature(asked));
        checks.addAll(fileChecks(baseline, scan, policy.watched()));
        checks.addAll(pods);
        if (policy.requireNodeReady()) {
            checks.add(
                    settled(ClusterChecks.NODE_READY, "condition Ready is True", turns, () -> cluster.nodeReady(node)));
        }
        if (policy.requireApiServer()) {
            checks.add(settled(ClusterChecks.API_SERVER, "ok", turns, cluster::apiServer));
        }
        return checks;
    }

    private Known<BaselineResult> baseline(NodeName node) {
        NodeDirectory.Lookup lookup = directory.find(node);
        if (lookup instanceof NodeDirectory.Lookup.Known known) {
            return Known.of(baselines.trusted(known.node()));
        }
        return Known.not(
                lookup instanceof NodeDirectory.Lookup.NotAvailable not
                        ? not.reason()
                        : "the cluster has no node of this name");
    }

    private static Known<Baseline> trusted(Known<BaselineResult> asked) {
        if (asked.value() instanceof BaselineResult.Trusted trusted) {
            return Known.of(trusted.baseline());
        }
        if (asked.value() instanceof BaselineResult.Untrusted untrusted) {
            return Known.not("the baseline is not trusted: " + untrusted.rule());
        }
        return Known.not("there is no baseline: "
                + (asked.value() instanceof BaselineResult.NotAvailable not ? not.reason() : asked.reason()));
    }

    private static Check signature(Known<BaselineResult> asked) {
        if (asked.value() instanceof BaselineResult.Trusted trusted) {
            BaselineRevision revision = trusted.baseline().revision();
            String origin = trusted.fromCache()
                    ? "; the repository could not be asked, this is the last revision that was fetched and verified"
                    : "";
            return CheckText.passed(
                    SIGNATURE,
                    SIGNED,
                    "signed by " + revision.signer(),
                    revision.ref() + ", commit " + revision.commit() + origin);
        }
        if (asked.value() instanceof BaselineResult.Untrusted untrusted) {
            return CheckText.failed(
                    SIGNATURE, SIGNED, untrusted.rule() + ": " + untrusted.reason(), "verification of the repository");
        }
        return CheckText.notAvailable(
                SIGNATURE,
                SIGNED,
                asked.value() instanceof BaselineResult.NotAvailable not ? not.reason() : asked.reason());
    }

    private static List<Check> fileChecks(Known<Baseline> baseline, Known<NodeScan> scan, WatchedSet watched) {
        if (baseline.value() == null) {
            return FileChecks.notAvailable(baseline.reason());
        }
        if (scan.value() == null) {
            return FileChecks.notAvailable(scan.reason());
        }
        Known<List<Check>> compared = known(() -> Known.of(FileChecks.of(baseline.value(), scan.value(), watched)));
        return compared.value() == null ? FileChecks.notAvailable(compared.reason()) : compared.value();
    }

    private Check staticPods(NodeName node, Known<Baseline> baseline, Convergence.Turns turns) {
        String expected = "the pods of the baseline's manifests, all Running";
        if (baseline.value() == null) {
            return CheckText.notAvailable(ClusterChecks.STATIC_PODS, expected, baseline.reason());
        }
        Known<List<StaticPod>> wanted = known(() -> podsOf(baseline.value()));
        if (wanted.value() == null) {
            return CheckText.notAvailable(ClusterChecks.STATIC_PODS, expected, wanted.reason());
        }
        String proof = "manifests of " + baseline.value().revision();
        return settled(
                ClusterChecks.STATIC_PODS, expected, turns, () -> cluster.staticPods(node, wanted.value(), proof));
    }

    private static Known<List<StaticPod>> podsOf(Baseline baseline) {
        List<StaticPod> pods = new ArrayList<>();
        for (BaselineFile file : baseline.files().values()) {
            if (!StaticPodManifest.readByKubelet(file.path()) || file.held() == BaselineFile.Held.DIRECTORY) {
                continue;
            }
            if (file.held() != BaselineFile.Held.CONTENT) {
                return Known.not("the baseline does not hold the content of " + file.path());
            }
            Reading reading = StaticPodManifest.read(content(baseline, file));
            if (reading instanceof Reading.NotReadable not) {
                return Known.not("the baseline's " + file.path() + " is not readable: " + not.reason());
            }
            if (reading instanceof StaticPod pod) {
                if (pod.declaresUid()) {
                    return Known.not("the baseline's " + file.path()
                            + " sets metadata.uid, with which a mirror pod need not show what runs");
                }
                pods.add(pod);
            }
        }
        return Known.of(pods);
    }

    private static byte[] content(Baseline baseline, BaselineFile file) {
        try (InputStream in = baseline.open(file)) {
            return in.readNBytes(StaticPodManifest.MAX_BYTES + 1);
        } catch (IOException broken) {
            throw new UncheckedIOException(broken);
        }
    }

    private Check namespaces(Known<NodeScan> scan) {
        String expected = "every manifest on the node names a namespace of the cluster";
        if (scan.value() == null) {
            return CheckText.notAvailable(ClusterChecks.NAMESPACES, expected, scan.reason());
        }
        NodeScan seen = scan.value();
        if (seen.roots().stream().noneMatch(StaticPodManifest.directory()::isWithin)) {
            return CheckText.notAvailable(
                    ClusterChecks.NAMESPACES, expected, StaticPodManifest.directory() + " is not watched");
        }
        Known<NodeManifests.Found> found = known(() -> Known.of(manifests.in(seen)));
        if (found.value() == null) {
            return CheckText.notAvailable(ClusterChecks.NAMESPACES, expected, found.reason());
        }
        // once: the files are what they are, and the API server was waited for with the static pods
        return attempt(
                ClusterChecks.NAMESPACES,
                expected,
                () -> cluster.namespaces(found.value().pods(), found.value().unread(), "scan of " + seen.at()));
    }

    /** Looks until the check passes or the time is used up; the last look counts. */
    private static Check settled(String name, String expected, Convergence.Turns turns, Supplier<Check> look) {
        Check check = attempt(name, expected, look);
        while (check.status() != Status.PASSED && turns.next()) {
            check = attempt(name, expected, look);
        }
        return check;
    }

    private static Check attempt(String name, String expected, Supplier<Check> look) {
        Known<Check> seen = known(() -> {
            TimeLimit.require(A_LOOK);
            return Known.of(look.get());
        });
        return seen.value() == null ? CheckText.notAvailable(name, expected, seen.reason()) : seen.value();
    }

    /** The one place where faults end: in the report, as a reason. */
    private static <T> Known<T> known(Supplier<Known<T>> question) {
        try {
            return question.get();
        } catch (RuntimeException failed) {
            return Known.not(CheckText.reason(failed));
        }
    }

    private VerificationReport keep(Actor actor, IncidentId incident, NodeName node, Instant at, List<Check> checks) {
        int round = store.nextRound(incident);
        VerificationReport report =
                new VerificationReport(round, at, checks, ReportDigest.of(incident, node, round, at, checks));
        store.keep(incident, node, report);
        List<String> open = checks.stream()
                .filter(check -> check.status() != Status.PASSED)
                .map(check -> check.name() + ": " + check.status())
                .toList();
        AuditEvent event = AuditEvent.fact(
                        actor,
                        "verification.report",
                        "round " + round,
                        (checks.size() - open.size()) + " of " + checks.size() + " checks passed")
                .on(incident, node)
                .withEvidence(report.digest())
                .with("digest", report.digest().hex())
                .with("round", Integer.toString(round))
                .with("passed", Boolean.toString(report.passed()));
        audit.record(open.isEmpty() ? event : event.with("open", String.join(", ", open)));
        return report;
    }
}
