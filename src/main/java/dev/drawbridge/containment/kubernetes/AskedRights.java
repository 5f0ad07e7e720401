package dev.drawbridge.containment.kubernetes;

import dev.drawbridge.containment.ClusterRights;
import dev.drawbridge.containment.Right;
import dev.drawbridge.containment.Rung;
import io.fabric8.kubernetes.api.model.authorization.v1.SelfSubjectAccessReview;
import io.fabric8.kubernetes.api.model.authorization.v1.SelfSubjectAccessReviewBuilder;
import io.fabric8.kubernetes.api.model.authorization.v1.SelfSubjectAccessReviewFluent;
import io.fabric8.kubernetes.api.model.authorization.v1.SubjectAccessReviewStatus;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import jakarta.annotation.PreDestroy;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.context.event.EventListener;
import org.springframework.stereotype.Component;

/**
 * Asks the API server what it would let us do (SelfSubjectAccessReview, which every authenticated client may create): at the start,
 * beside it, so that an API server that is down holds nothing up, and again from time to time, because rights change. A rung whose right is
 * missing is said to be not supported before anything is announced; the answer is asked for anew then, because it may be old.
 */
@Component
class AskedRights implements ClusterRights {
    private static final Logger log = LoggerFactory.getLogger(AskedRights.class);

    private static final Duration AGAIN = Duration.ofMinutes(5);
    private static final Duration SOON = Duration.ofSeconds(15);
    private static final int LONGEST_REASON = 300;

    private final KubernetesClient client;
    private final Clock clock;
    private final Map<Right, Asked> answers = new ConcurrentHashMap<>();
    private final ScheduledExecutorService asking = Executors.newSingleThreadScheduledExecutor(work -> {
        Thread thread = new Thread(work, "cluster-rights");
        thread.setDaemon(true);
        return thread;
    });
    private volatile @Nullable Instant at;
    private Map<Right, Asked> said = Map.of();

    AskedRights(KubernetesClient client, Clock clock) {
        this.client = client;
        this.clock = clock;
        Arrays.stream(Feature.values())
                .flatMap(feature -> feature.rights().stream())
                .forEach(right -> answers.put(right, new Asked(right, Answer.UNKNOWN, "not asked yet")));
    }

    @EventListener(ApplicationReadyEvent.class)
    void start() {
        asking.execute(this::round);
    }

    @PreDestroy
    void stop() {
        asking.shutdownNow();
    }

    private void round() {
        try {
            ask();
        } catch (RuntimeException unexpected) {
            log.error("what the cluster allows could not be asked", unexpected);
        } finally {
            if (!asking.isShutdown()) {
                boolean unknown = answers.values().stream().anyMatch(asked -> asked.answer() == Answer.UNKNOWN);
                asking.schedule(this::round, (unknown ? SOON : AGAIN).toMillis(), TimeUnit.MILLISECONDS);
            }
        }
    }

    /** Asks for everything and logs what is new: one line for each right that is missing. */
    synchronized void ask() {
        ask(answers.keySet().stream().sorted().toList());
        at = clock.instant();
        if (Map.copyOf(answers).equals(said)) {
            return;
        }
        said = Map.copyOf(answers);
        Arrays.stream(Feature.values()).forEach(this::sayMissing);
        sayUnknown();
        if (answers.values().stream().allMatch(asked -> asked.answer() == Answer.ALLOWED)) {
            log.info("the cluster allows all that Drawbridge may have to do there");
        }
    }

    /** A right that no playbook that ships needs may be missing on purpose. */
    private void sayMissing(Feature feature) {
        String methods = Stream.concat(
                        switch (feature) {
                            case READ -> Stream.of("read");
                            case KUBELET -> Stream.of("verify by kubelet's word");
                            default -> Stream.<String>empty();
                        },
                        rungs().filter(rung -> Feature.of(rung) == feature).map(Rung::code))
                .collect(Collectors.joining(", "));
        for (Right right : feature.rights()) {
            if (answer(right) == Answer.DENIED) {
                log.atLevel(feature.usual() ? Level.WARN : Level.INFO)
                        .log(
                                "missing right {}: without it Drawbridge cannot {}; docker/kubernetes/access/{} grants it",
                                right,
                                methods,
                                feature.code());
            }
        }
    }

    private void sayUnknown() {
        answers.values().stream()
                .filter(asked -> asked.answer() == Answer.UNKNOWN)
                .collect(Collectors.groupingBy(Asked::why, Collectors.mapping(Asked::right, Collectors.toList())))
                .forEach((why, rights) -> log.warn(
                        "not known whether the cluster allows {}: {}",
                        rights.stream().sorted().map(Right::toString).collect(Collectors.joining(", ")),
                        why));
    }

    private Answer answer(Right right) {
        return answers.get(right).answer();
    }

    private void ask(List<Right> rights) {
        @Nullable String silence = null;
        for (Right right : rights) {
            if (silence == null) {
                try {
                    SelfSubjectAccessReview answer = client.authorization()
                            .v1()
                            .selfSubjectAccessReview()
                            .create(question(right));
                    answers.put(right, understood(right, answer == null ? null : answer.getStatus()));
                    continue;
                } catch (KubernetesClientException failed) {
                    // each further question would only wait as long again
                    silence = failed.getCode() > 0
                            ? "the API server refused the question (" + failed.getCode() + ")"
                            : "the API server could not be reached";
                }
            }
            answers.put(right, new Asked(right, Answer.UNKNOWN, silence));
        }
    }

    private static Asked understood(Right right, @Nullable SubjectAccessReviewStatus status) {
        if (status == null || status.getAllowed() == null) {
            return new Asked(right, Answer.UNKNOWN, "the API server gave no answer");
        }
        if (status.getAllowed()) {
            return new Asked(right, Answer.ALLOWED, bounded(status.getReason()));
        }
        String trouble = bounded(status.getEvaluationError());
        // an authorizer that failed might have allowed it; one that denies has the last word
        return trouble.isEmpty() || Boolean.TRUE.equals(status.getDenied())
                ? new Asked(right, Answer.DENIED, bounded(status.getReason()))
                : new Asked(right, Answer.UNKNOWN, "the API server could not tell: " + trouble);
    }

    private static SelfSubjectAccessReview question(Right right) {
        SelfSubjectAccessReviewFluent<SelfSubjectAccessReviewBuilder>.SpecNested<SelfSubjectAccessReviewBuilder> spec =
                new SelfSubjectAccessReviewBuilder().withNewSpec();
        if (right.path()) {
            return spec.withNewNonResourceAttributes()
                    .withVerb(right.verb())
                    .withPath(right.resource())
                    .endNonResourceAttributes()
                    .endSpec()
                    .build();
        }
        int slash = right.resource().indexOf('/');
        return spec.withNewResourceAttributes()
                .withVerb(right.verb())
                .withGroup(right.group())
                .withResource(slash < 0 ? right.resource() : right.resource().substring(0, slash))
                .withName(Feature.only(right).orElse(null))
                .withSubresource(slash < 0 ? null : right.resource().substring(slash + 1))
                .endResourceAttributes()
                .endSpec()
                .build();
    }

    @Override
    public Report report() {
        Stream<Method> read = Stream.of(method("read", Feature.READ), method("kubelet", Feature.KUBELET));
        Stream<Method> rungs = rungs().map(rung -> method(rung.code(), Feature.of(rung)));
        return new Report(at, Stream.concat(read, rungs).toList());
    }

    private static Stream<Rung> rungs() {
        return Arrays.stream(Rung.values()).filter(rung -> !rung.byHand());
    }

    private Method method(String name, Feature feature) {
        return new Method(name, feature.rights().stream().map(answers::get).toList());
    }

    /**
     * Why a rung cannot be applied, for people; empty when it can or when that is not known: then it is tried. A refusal from memory is
     * asked for again, so that a right that was granted meanwhile counts at once.
     */
    Optional<String> missing(Rung rung) {
        return method(rung.code(), Feature.of(rung)).answer() == Answer.DENIED ? missingNow(rung) : Optional.empty();
    }

    /** As {@link #missing}, asked of the server in any case: for a request that it just refused. */
    Optional<String> missingNow(Rung rung) {
        ask(Feature.of(rung).rights());
        Method method = method(rung.code(), Feature.of(rung));
        return method.answer() == Answer.DENIED ? Optional.of("missing right " + method.missing()) : Optional.empty();
    }

    /** One line, and not a long one: it is logged, and shown. */
    private static String bounded(@Nullable String said) {
        String line = said == null
                ? ""
                : said.replaceAll("[\\p{Cntrl}\\p{Cf}\\s]+", " ").strip();
        return line.length() <= LONGEST_REASON ? line : line.substring(0, LONGEST_REASON - 1) + "…";
    }
}
