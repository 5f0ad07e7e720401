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
import dev.drawbridge.node.NodeUse;
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
    private final KubeletChecks kubelet;
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
            KubeletChecks kubelet,
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
        this.kubelet = kubelet;
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
    public VerificationReport verify(
            Actor actor, IncidentId incident, NodeName node, VerificationPolicy policy, LaterAlerts later) {
        List<Check> checks = NodeUse.in(actor, incident, () -> checks(node, policy));
        // outside: whoever answers may hold the incident, and ending the use of a node takes time
        checks.add(later.check(clock.instant()));
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
        Known<List<Wanted>> wanted = known(() -> wanted(baseline));
        List<Check> pods = new ArrayList<>();
        KubeletChecks.Look look = KubeletChecks.Look.notAvailable("kubelet was not asked");
        // first, so that the scan is the newest that the report knows when kubelet was waited for
        if (policy.requireStaticPods()) {
            pods.add(staticPods(node, baseline, wanted, turns));
        }
        if (policy.requireKubelet()) {
            look = look(node, wanted, turns);
            pods.addAll(look.checks());
        }
        Known<NodeScan> scan =
                known(() -> Known.of(files.scan(node, policy.watched().roots())));
        NodeScan seen = scan.value();
        try (seen) {
            if (policy.requireKubelet()) {
                pods.add(started(look, wanted, scan));
            }
            if (policy.requireProcesses()) {
                pods.add(processes(node, wanted, look, turns));
            }
            if (policy.requireStaticPods()) {
                pods.addAll(manifests(scan));
            }
            List<Check> checks = new ArrayList<>();
            checks.add(signature(asked));
            checks.addAll(fileChecks(baseline, scan, policy.watched()));
            checks.addAll(pods);
            if (policy.requireNodeReady()) {
                checks.add(settled(
                        ClusterChecks.NODE_READY, "condition Ready is True", turns, () -> cluster.nodeReady(node)));
            }
            if (policy.requireApiServer()) {
                checks.add(settled(ClusterChecks.API_SERVER, "ok", turns, cluster::apiServer));
            }
            return checks;
        }
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

    private Check staticPods(
            NodeName node, Known<Baseline> baseline, Known<List<Wanted>> wanted, Convergence.Turns turns) {
        String expected = "the pods of the baseline's manifests, all Running";
        if (wanted.value() == null || baseline.value() == null) {
            return CheckText.notAvailable(ClusterChecks.STATIC_PODS, expected, wanted.reason());
        }
        String proof = "manifests of " + baseline.value().revision();
        List<StaticPod> pods = wanted.value().stream().map(Wanted::pod).toList();
        return settled(ClusterChecks.STATIC_PODS, expected, turns, () -> cluster.staticPods(node, pods, proof));
    }

    /** Looks at kubelet until everything passes or the time is used up; a refusal stands. The last look counts, with all that it saw. */
    private KubeletChecks.Look look(NodeName node, Known<List<Wanted>> wanted, Convergence.Turns turns) {
        if (wanted.value() == null) {
            return KubeletChecks.Look.notAvailable(wanted.reason());
        }
        while (true) {
            Known<KubeletChecks.Look> seen = known(() -> {
                TimeLimit.require(A_LOOK);
                return Known.of(kubelet.look(node, wanted.value()));
            });
            boolean done = seen.value() != null
                    && (seen.value().refused()
                            || seen.value().checks().stream().noneMatch(check -> check.status() != Status.PASSED));
            if (done || !turns.next()) {
                return seen.value() == null ? KubeletChecks.Look.notAvailable(seen.reason()) : seen.value();
            }
        }
    }

    private static Check started(KubeletChecks.Look look, Known<List<Wanted>> wanted, Known<NodeScan> scan) {
        if (wanted.value() == null || look.pods() == null) {
            String reason = look.checks().get(0).found();
            return CheckText.notAvailable(KubeletChecks.STARTED, KubeletChecks.EXPECTED_STARTED, reason);
        }
        if (scan.value() == null) {
            return CheckText.notAvailable(KubeletChecks.STARTED, KubeletChecks.EXPECTED_STARTED, scan.reason());
        }
        return attempt(
                KubeletChecks.STARTED,
                KubeletChecks.EXPECTED_STARTED,
                () -> KubeletChecks.started(look, wanted.value(), scan.value()));
    }

    private Check processes(
            NodeName node, Known<List<Wanted>> wanted, KubeletChecks.Look look, Convergence.Turns turns) {
        if (wanted.value() == null) {
            return CheckText.notAvailable(KubeletChecks.PROCESSES, KubeletChecks.EXPECTED_PROCESSES, wanted.reason());
        }
        return settled(
                KubeletChecks.PROCESSES,
                KubeletChecks.EXPECTED_PROCESSES,
                turns,
                () -> kubelet.processes(node, wanted.value(), look.pods()));
    }

    private static Known<List<Wanted>> wanted(Known<Baseline> baseline) {
        return baseline.value() == null ? Known.not(baseline.reason()) : podsOf(baseline.value());
    }

    private static Known<List<Wanted>> podsOf(Baseline baseline) {
        List<Wanted> pods = new ArrayList<>();
        for (BaselineFile file : baseline.files().values()) {
            if (!StaticPodManifest.readByKubelet(file.path()) || file.held() == BaselineFile.Held.DIRECTORY) {
                continue;
            }
            if (file.held() != BaselineFile.Held.CONTENT) {
                return Known.not("the baseline does not hold the content of " + file.path());
            }
            StaticPodManifest.Document document = StaticPodManifest.document(content(baseline, file));
            Reading reading = StaticPodManifest.reading(document);
            if (reading instanceof Reading.NotReadable not) {
                return Known.not("the baseline's " + file.path() + " is not readable: " + not.reason());
            }
            if (reading instanceof StaticPod pod && document instanceof StaticPodManifest.Document.Pod one) {
                if (pod.declaresUid()) {
                    return Known.not("the baseline's " + file.path()
                            + " sets metadata.uid, with which a mirror pod need not show what runs");
                }
                pods.add(new Wanted(file.path(), pod, one.fields()));
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

    private List<Check> manifests(Known<NodeScan> scan) {
        if (scan.value() == null) {
            return withoutManifests(scan.reason());
        }
        NodeScan seen = scan.value();
        if (seen.roots().stream().noneMatch(StaticPodManifest.directory()::isWithin)) {
            return withoutManifests(StaticPodManifest.directory() + " is not watched");
        }
        Known<NodeManifests.Found> read = known(() -> Known.of(manifests.in(seen)));
        NodeManifests.Found found = read.value();
        if (found == null) {
            return withoutManifests(read.reason());
        }
        // once: the files are what they are, and the API server was waited for with the static pods
        Check namespaces = attempt(
                ClusterChecks.NAMESPACES,
                ClusterChecks.EXPECTED_NAMESPACES,
                () -> cluster.namespaces(found.pods(), found.unread(), "scan of " + seen.at()));
        return List.of(namespaces, ClusterChecks.uids(found.pods(), found.unread(), "scan of " + seen.at()));
    }

    private static List<Check> withoutManifests(String reason) {
        return List.of(
                CheckText.notAvailable(ClusterChecks.NAMESPACES, ClusterChecks.EXPECTED_NAMESPACES, reason),
                CheckText.notAvailable(ClusterChecks.UIDS, ClusterChecks.EXPECTED_UIDS, reason));
    }

    /** Looks until the check no longer stands open or the time is used up; the last look counts. */
    private static Check settled(String name, String expected, Convergence.Turns turns, Supplier<Check> look) {
        Check check = attempt(name, expected, look);
        while (check.status().open() && turns.next()) {
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
                .filter(check -> check.status().open())
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
