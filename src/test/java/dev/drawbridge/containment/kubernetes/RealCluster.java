package dev.drawbridge.containment.kubernetes;

import dev.drawbridge.Manifests;
import io.fabric8.kubernetes.api.model.APIResourceList;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.ServiceAccountBuilder;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinitionBuilder;
import io.fabric8.kubernetes.api.model.authentication.TokenRequestBuilder;
import io.fabric8.kubernetes.api.model.rbac.ClusterRole;
import io.fabric8.kubernetes.api.model.rbac.ClusterRoleBinding;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.File;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.springframework.core.NestedExceptionUtils;

/**
 * A real cluster. Drawbridge gets a service account of its own, with the manifests' own roles under other names; everything that is made
 * carries the label {@code drawbridge.dev/test} and is removed at the end.
 */
final class RealCluster implements ClusterAtHand {
    private static final String KUBECONFIG = "DRAWBRIDGE_TEST_KUBECONFIG";
    private static final Map<String, String> LABELS = Map.of("drawbridge.dev/test", "true");

    private final String name =
            "drawbridge-test-" + UUID.randomUUID().toString().substring(0, 8);
    private final KubernetesClient administrator;
    private final Deque<AutoCloseable> made = new ArrayDeque<>();

    RealCluster() {
        administrator = connect(Config.fromKubeconfig(new File(System.getenv(KUBECONFIG))));
        make(new NamespaceBuilder()
                .withNewMetadata()
                .withName(name)
                .endMetadata()
                .build());
    }

    private static KubernetesClient connect(Config config) {
        return new KubernetesClientBuilder()
                .withConfig(new ConfigBuilder(config)
                        .withConnectionTimeout(5_000)
                        .withRequestTimeout(10_000)
                        .build())
                .build();
    }

    @Override
    public KubernetesClient administrator() {
        return administrator;
    }

    @Override
    public String namespace() {
        return name;
    }

    /** The schema keeps every field: what the add-on itself would refuse is not tried here. */
    @Override
    public void serve(String version, String plural, String kind) {
        String group = version.substring(0, version.indexOf('/'));
        if (administrator
                        .apiextensions()
                        .v1()
                        .customResourceDefinitions()
                        .withName(plural + "." + group)
                        .get()
                != null) {
            return;
        }
        make(new CustomResourceDefinitionBuilder()
                .withNewMetadata()
                .withName(plural + "." + group)
                .endMetadata()
                .withNewSpec()
                .withGroup(group)
                .withScope("Cluster")
                .withNewNames()
                .withPlural(plural)
                .withKind(kind)
                .endNames()
                .addNewVersion()
                .withName(version.substring(version.indexOf('/') + 1))
                .withServed(true)
                .withStorage(true)
                .withNewSchema()
                .withNewOpenAPIV3Schema()
                .withType("object")
                .withXKubernetesPreserveUnknownFields(true)
                .endOpenAPIV3Schema()
                .endSchema()
                .endVersion()
                .endSpec()
                .build());
        Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> {
            APIResourceList offered = administrator.getApiResources(version);
            return offered != null && offered.getResources().stream().anyMatch(one -> plural.equals(one.getName()));
        });
    }

    @Override
    public KubernetesClient drawbridge(Feature... features) {
        make(new ServiceAccountBuilder()
                .withNewMetadata()
                .withName("drawbridge")
                .withNamespace(name)
                .endMetadata()
                .build());
        for (Feature feature : features) {
            for (Map<String, Object> manifest : Manifests.build(Manifests.ROOT.resolve("access/" + feature.code()))) {
                make(ours(Serialization.unmarshal(Serialization.asJson(manifest), HasMetadata.class), feature));
            }
        }
        String token = administrator
                .serviceAccounts()
                .inNamespace(name)
                .withName("drawbridge")
                .tokenRequest(new TokenRequestBuilder()
                        .withNewSpec()
                        .withExpirationSeconds(600L)
                        .endSpec()
                        .build())
                .getStatus()
                .getToken();
        Config of = administrator.getConfiguration();
        KubernetesClient client = connect(new ConfigBuilder(Config.empty())
                .withMasterUrl(of.getMasterUrl())
                .withCaCertData(of.getCaCertData())
                .withCaCertFile(of.getCaCertFile())
                .withTrustCerts(of.isTrustCerts())
                .withOauthToken(token)
                .withUserAgent(KubernetesConnection.USER_AGENT)
                .build());
        made.push(client);
        return client;
    }

    private HasMetadata ours(HasMetadata manifest, Feature feature) {
        String own = name + "-" + feature.code();
        manifest.getMetadata().setName(own);
        if (manifest instanceof ClusterRoleBinding binding) {
            binding.getRoleRef().setName(own);
            binding.getSubjects().get(0).setNamespace(name);
        } else if (!(manifest instanceof ClusterRole)) {
            throw new IllegalStateException("a feature has roles and their bindings only: " + manifest.getKind());
        }
        return manifest;
    }

    private void make(HasMetadata object) {
        object.getMetadata().setLabels(new HashMap<>(LABELS));
        administrator.resource(object).create();
        made.push(() -> administrator.resource(object).delete());
    }

    @Override
    public void close() {
        RuntimeException failure = null;
        while (!made.isEmpty()) {
            try {
                made.pop().close();
            } catch (Exception left) {
                failure = failure == null ? new IllegalStateException("something is left of " + name) : failure;
                failure.addSuppressed(left);
            }
        }
        administrator.close();
        if (failure != null) {
            throw failure;
        }
    }

    /** Says once why the tests with the tag {@code cluster} do not run, and in each of their reports. */
    static final class Condition implements ExecutionCondition {
        private static String missing;

        @Override
        public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
            String why = missing();
            return why.isEmpty()
                    ? ConditionEvaluationResult.enabled(KUBECONFIG + " names a cluster that answers")
                    : ConditionEvaluationResult.disabled(why);
        }

        private static synchronized String missing() {
            if (missing == null) {
                missing = look();
                if (!missing.isEmpty()) {
                    System.out.println("tests with the tag 'cluster' are " + missing);
                }
            }
            return missing;
        }

        private static String look() {
            String kubeconfig = System.getenv(KUBECONFIG);
            if (kubeconfig == null || kubeconfig.isBlank()) {
                return "skipped: " + KUBECONFIG + " names no kubeconfig of a cluster";
            }
            if (!new File(kubeconfig).canRead()) {
                return "skipped: " + KUBECONFIG + " names " + kubeconfig + ", which cannot be read";
            }
            try (KubernetesClient client = connect(Config.fromKubeconfig(new File(kubeconfig)))) {
                client.getKubernetesVersion();
                return "";
            } catch (RuntimeException unreachable) {
                return "skipped: the cluster that " + KUBECONFIG + " names does not answer: "
                        + NestedExceptionUtils.getMostSpecificCause(unreachable)
                                .toString()
                                .replaceAll("\\R", " ");
            }
        }
    }
}
