package dev.drawbridge.containment.kubernetes;

import dev.drawbridge.containment.ClusterRecords;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.TimeLimit;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.KubernetesResourceList;
import io.fabric8.kubernetes.api.model.ListOptions;
import io.fabric8.kubernetes.api.model.ListOptionsBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/** Reads by pages, so that a cluster full of large objects costs no more memory than one page of them. */
@Component
class KubernetesClusterRecords implements ClusterRecords {
    private static final String MIRROR = "kubernetes.io/config.mirror";
    private static final long PAGE = 100;
    private static final int MOST_PAGES = 10;
    private static final int MOST_PODS = 50;
    private static final int MOST_CHARACTERS = 4 * 1024 * 1024;
    /** No request begins with less left of the time. */
    private static final Duration ONE_REQUEST = Duration.ofSeconds(1);

    private final KubernetesClient client;

    KubernetesClusterRecords(KubernetesClient client) {
        this.client = client;
    }

    @Override
    public Optional<Document> node(NodeName node) {
        TimeLimit.require(ONE_REQUEST);
        return Optional.ofNullable(client.nodes().withName(node.value()).get()).map(KubernetesClusterRecords::document);
    }

    @Override
    public Documents mirrorPods(NodeName node) {
        Taken taken = new Taken();
        taken.read(
                options -> client.pods()
                        .inAnyNamespace()
                        .withField("spec.nodeName", node.value())
                        .list(options),
                pod -> pod.getMetadata().getAnnotations() != null
                        && pod.getMetadata().getAnnotations().containsKey(MIRROR));
        return taken.documents();
    }

    @Override
    public Documents events(NodeName node, List<Document> pods) {
        Taken taken = new Taken();
        taken.read(
                options -> client.v1()
                        .events()
                        .inAnyNamespace()
                        .withFields(Map.of("involvedObject.kind", "Node", "involvedObject.name", node.value()))
                        .list(options),
                event -> true);
        for (Document pod : pods.subList(0, Math.min(MOST_PODS, pods.size()))) {
            taken.read(
                    options -> client.v1()
                            .events()
                            .inNamespace(pod.namespace())
                            .withFields(Map.of("involvedObject.kind", "Pod", "involvedObject.name", pod.name()))
                            .list(options),
                    // selected once more: a namespace may hold a pod of this name on another node at another time
                    event -> about(event, node));
        }
        taken.complete &= pods.size() <= MOST_PODS;
        return taken.documents();
    }

    private static boolean about(Event event, NodeName node) {
        String host = event.getSource() == null ? null : event.getSource().getHost();
        return host == null || host.isEmpty() || host.equals(node.value());
    }

    private static Document document(HasMetadata object) {
        return new Document(
                Objects.requireNonNullElse(object.getMetadata().getNamespace(), ""),
                object.getMetadata().getName(),
                Serialization.asJson(object));
    }

    /** What was taken so far, within the bounds. */
    private static final class Taken {
        private final List<Document> items = new ArrayList<>();
        private long characters;
        private boolean complete = true;

        <T extends HasMetadata> void read(
                Function<ListOptions, ? extends KubernetesResourceList<T>> ask,
                java.util.function.Predicate<T> wanted) {
            String next = null;
            for (int page = 0; page < MOST_PAGES; page++) {
                TimeLimit.require(ONE_REQUEST);
                KubernetesResourceList<T> list = ask.apply(options(next));
                list.getItems().stream().filter(wanted).forEach(this::take);
                next = list.getMetadata() == null ? null : list.getMetadata().getContinue();
                if (next == null || next.isEmpty()) {
                    return;
                }
            }
            complete = false;
        }

        private static ListOptions options(@Nullable String next) {
            return new ListOptionsBuilder().withLimit(PAGE).withContinue(next).build();
        }

        private void take(HasMetadata object) {
            Document document = document(object);
            characters += document.json().length();
            if (characters > MOST_CHARACTERS) {
                complete = false;
            } else {
                items.add(document);
            }
        }

        Documents documents() {
            return new Documents(items, complete);
        }
    }
}
