package dev.drawbridge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.HTTPGetAction;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceAccount;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The manifests against themselves, against Kubernetes' types, against the README and against what the application really takes. */
class KubernetesManifestsTest {
    private static final Path INSIDE = Manifests.ROOT.resolve("inside");
    private static final String NAME = "app.kubernetes.io/name";
    private static final Set<String> KUSTOMIZATIONS = Set.of("Kustomization", "Component");

    private final List<HasMetadata> objects =
            Manifests.build(INSIDE).stream().map(KubernetesManifestsTest::typed).toList();
    private final Deployment deployment = only(Deployment.class);
    private final PodTemplateSpec template = deployment.getSpec().getTemplate();
    private final PodSpec pod = template.getSpec();
    private final Container container = pod.getContainers().get(0);

    private static HasMetadata typed(Map<String, Object> object) {
        return Serialization.unmarshal(Serialization.asJson(object), HasMetadata.class);
    }

    private <T extends HasMetadata> List<T> all(Class<T> kind) {
        return objects.stream().filter(kind::isInstance).map(kind::cast).toList();
    }

    private <T extends HasMetadata> T only(Class<T> kind) {
        assertThat(all(kind)).hasSize(1);
        return all(kind).get(0);
    }

    static List<Path> files() throws Exception {
        try (Stream<Path> walk = Files.walk(Manifests.ROOT)) {
            return walk.filter(Files::isRegularFile).sorted().toList();
        }
    }

    // ---- each file by itself

    @ParameterizedTest
    @MethodSource("files")
    void everyFileHoldsWhatKubernetesKnowsAndNoOtherField(Path file) {
        for (Map<String, Object> document : Manifests.read(file)) {
            if (KUSTOMIZATIONS.contains(document.get("kind"))) {
                assertThat(document.keySet())
                        .isSubsetOf("apiVersion", "kind", "resources", "components", "images", "patches");
                continue;
            }
            HasMetadata object = typed(document);
            assertThat(object).as("%s", document.get("kind")).isNotInstanceOf(GenericKubernetesResource.class);
            List<String> unknown = new ArrayList<>();
            unknown(
                    Serialization.jsonMapper().valueToTree(document),
                    Serialization.jsonMapper().valueToTree(object),
                    "",
                    unknown);
            assertThat(unknown).isEmpty();
            assertThat(additional(object, new HashSet<>()))
                    .as("fields that no type has")
                    .isEmpty();
            assertThat(object.getMetadata().getLabels()).containsEntry(NAME, "drawbridge");
        }
    }

    /** What was written and is not there, or not the same, after it was read as its type. */
    private static void unknown(JsonNode written, JsonNode read, String path, List<String> found) {
        if (written.isObject()) {
            written.properties()
                    .forEach(field ->
                            unknown(field.getValue(), read.path(field.getKey()), path + "/" + field.getKey(), found));
        } else if (written.isArray()) {
            for (int i = 0; i < written.size(); i++) {
                unknown(written.get(i), read.path(i), path + "/" + i, found);
            }
        } else if (!written.asText().equals(read.asText())) {
            found.add(path);
        }
    }

    /** fabric8 keeps what a type does not know, so it has to be looked for in every part of the object. */
    private static List<String> additional(Object part, Set<Object> seen) {
        List<String> found = new ArrayList<>();
        if (part instanceof Collection<?> many) {
            many.forEach(one -> found.addAll(additional(one, seen)));
        } else if (part instanceof Map<?, ?> map) {
            map.values().forEach(one -> found.addAll(additional(one, seen)));
        } else if (part != null
                && part.getClass().getName().startsWith("io.fabric8.kubernetes.api.model.")
                && !part.getClass().isEnum()
                && seen.add(new Identity(part))) {
            for (java.lang.reflect.Method method : part.getClass().getMethods()) {
                if (method.getParameterCount() == 0 && method.getName().startsWith("get")) {
                    Object value = value(part, method);
                    if (method.getName().equals("getAdditionalProperties")) {
                        ((Map<?, ?>) value)
                                .keySet()
                                .forEach(key -> found.add(part.getClass().getSimpleName() + "." + key));
                    } else {
                        found.addAll(additional(value, seen));
                    }
                }
            }
        }
        return found;
    }

    private record Identity(Object object) {
        @Override
        public boolean equals(Object other) {
            return other instanceof Identity identity && identity.object == object;
        }

        @Override
        public int hashCode() {
            return System.identityHashCode(object);
        }
    }

    private static Object value(Object part, java.lang.reflect.Method method) {
        try {
            return method.invoke(part);
        } catch (ReflectiveOperationException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    // ---- kustomizations

    @Test
    void everyKustomizationListsFilesThatExistAndEveryManifestIsListed() throws Exception {
        Set<Path> listed = new TreeSet<>();
        for (Path file : files()) {
            if (file.endsWith("kustomization.yaml")) {
                Map<String, Object> kustomization = Manifests.read(file).get(0);
                for (String part : List.of("resources", "components")) {
                    for (String entry : Manifests.strings(kustomization.get(part))) {
                        Path path = file.resolveSibling(entry).normalize();
                        assertThat(path).as("%s", file).exists();
                        boolean component = Files.isDirectory(path)
                                && "Component"
                                        .equals(Manifests.read(path.resolve("kustomization.yaml"))
                                                .get(0)
                                                .get("kind"));
                        assertThat(part.equals("components"))
                                .as("%s: %s", file, entry)
                                .isEqualTo(component);
                        listed.add(path);
                    }
                }
            }
        }
        assertThat(files())
                .filteredOn(file -> !file.endsWith("kustomization.yaml"))
                .allSatisfy(file -> assertThat(listed).contains(file));
    }

    @Test
    void theExampleReplacesEveryAddressThatIsOneOfTheDocumentation() {
        Map<String, Object> example = Manifests.read(Manifests.ROOT.resolve("example/kustomization.yaml"))
                .get(0);
        List<String> patched = Manifests.list(example.get("patches")).stream()
                .map(patch -> Manifests.map(Manifests.map(patch).get("target")))
                .filter(target -> target.get("kind").equals("NetworkPolicy"))
                .map(target -> (String) target.get("name"))
                .toList();
        assertThat(all(NetworkPolicy.class))
                .filteredOn(policy -> Serialization.asJson(policy).contains("192.0.2."))
                .extracting(policy -> policy.getMetadata().getName())
                .isNotEmpty()
                .containsExactlyInAnyOrderElementsOf(patched);
        assertThat(Manifests.list(example.get("images")))
                .extracting(image -> Manifests.map(image).get("name"))
                .containsExactly(container.getImage());
    }

    @ParameterizedTest
    @ValueSource(strings = {".", "inside", "outside", "example"})
    void kustomizeBringsTheSame(String directory) throws Exception {
        Path kubectl = Stream.of(System.getenv("PATH").split(java.io.File.pathSeparator))
                .map(place -> Path.of(place, "kubectl"))
                .filter(Files::isExecutable)
                .findFirst()
                .orElse(null);
        assumeTrue(kubectl != null, "skipped: needs kubectl, whose kustomize is compared with ours");
        Process build = new ProcessBuilder(
                        kubectl.toString(),
                        "kustomize",
                        Manifests.ROOT.resolve(directory).toString())
                .redirectErrorStream(true)
                .start();
        String built = new String(build.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(build.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(build.exitValue()).as(built).isZero();
        Path file = Files.createTempFile("kustomized", ".yaml");
        try {
            Files.writeString(file, built);
            assertThat(Manifests.read(file))
                    .extracting(KubernetesManifestsTest::name)
                    .containsExactlyInAnyOrderElementsOf(Manifests.build(Manifests.ROOT.resolve(directory)).stream()
                            .map(KubernetesManifestsTest::name)
                            .toList());
        } finally {
            Files.delete(file);
        }
    }

    private static String name(Map<String, Object> object) {
        return object.get("kind") + " " + Manifests.map(object.get("metadata")).get("name");
    }

    // ---- what refers to what

    @Test
    void everythingIsInOneNamespaceAndSelectsThePodsOfTheDeployment() {
        assertThat(objects)
                .filteredOn(object -> object.getMetadata().getNamespace() != null)
                .extracting(object -> object.getMetadata().getNamespace())
                .isNotEmpty()
                .containsOnly("drawbridge");
        Map<String, String> labels = template.getMetadata().getLabels();
        assertThat(deployment.getSpec().getSelector().getMatchLabels()).isEqualTo(labels);
        Service service = only(Service.class);
        assertThat(service.getSpec().getSelector()).isEqualTo(labels);
        assertThat(service.getSpec().getPorts())
                .extracting(port -> port.getTargetPort().getStrVal())
                .containsExactly("http");
        assertThat(service.getSpec().getSessionAffinity())
                .as("the console's sessions are in the memory of one replica")
                .isEqualTo("ClientIP");
        PodDisruptionBudget budget = only(PodDisruptionBudget.class);
        assertThat(budget.getSpec().getSelector().getMatchLabels()).isEqualTo(labels);
        assertThat(budget.getSpec().getMaxUnavailable().getIntVal())
                .isLessThan(deployment.getSpec().getReplicas());
        assertThat(all(NetworkPolicy.class))
                .hasSizeGreaterThan(6)
                .allSatisfy(
                        policy -> assertThat(policy.getSpec().getPodSelector().getMatchLabels())
                                .isEqualTo(labels));
        assertThat(pod.getTopologySpreadConstraints()).isNotEmpty().allSatisfy(spread -> {
            assertThat(spread.getLabelSelector().getMatchLabels()).isEqualTo(labels);
            assertThat(spread.getNodeTaintsPolicy())
                    .as("contained nodes do not count")
                    .isEqualTo("Honor");
        });
        assertThat(pod.getServiceAccountName())
                .isEqualTo(only(ServiceAccount.class).getMetadata().getName());
        assertThat(container.getPorts()).extracting(ContainerPort::getName).containsExactly("http");
    }

    @Test
    void whatIsMountedIsThereAndSharedStorageIsSharedByBothReplicas() {
        assertThat(container.getVolumeMounts())
                .extracting(VolumeMount::getName)
                .containsExactlyInAnyOrderElementsOf(
                        pod.getVolumes().stream().map(Volume::getName).toList());
        PersistentVolumeClaim claim = only(PersistentVolumeClaim.class);
        assertThat(pod.getVolumes().stream()
                        .filter(volume -> volume.getPersistentVolumeClaim() != null)
                        .map(volume -> volume.getPersistentVolumeClaim().getClaimName()))
                .containsExactly(claim.getMetadata().getName());
        assertThat(deployment.getSpec().getReplicas()).isEqualTo(2);
        assertThat(claim.getSpec().getAccessModes()).containsExactly("ReadWriteMany");
        String shared = mounted("evidence");
        assertThat(environment("DRAWBRIDGE_EVIDENCE_DIRECTORY"))
                .as("below the volume: its root belongs to root, and the application closes its own directory")
                .startsWith(shared + "/");
        assertThat(environment("DRAWBRIDGE_BASELINE_CACHE_DIRECTORY")).startsWith(mounted("state") + "/");
        assertThat(pod.getVolumes().stream()
                        .filter(volume -> volume.getEmptyDir() != null)
                        .map(Volume::getName))
                .as("everything else that is written")
                .containsExactlyInAnyOrder("state", "temporary");
        assertThat(mounted("temporary")).isEqualTo("/tmp");
    }

    private String mounted(String volume) {
        return container.getVolumeMounts().stream()
                .filter(mount -> mount.getName().equals(volume))
                .findFirst()
                .orElseThrow()
                .getMountPath();
    }

    private String environment(String name) {
        return container.getEnv().stream()
                .filter(variable -> variable.getName().equals(name))
                .findFirst()
                .orElseThrow()
                .getValue();
    }

    /** Every file that a variable names is a key of the Secret that is mounted there, by the README's own command. */
    @Test
    void theReadmeMakesEverySecretWithEveryKeyThatIsRead() throws Exception {
        String readme = Files.readString(Path.of("README.md"));
        for (Volume volume : pod.getVolumes()) {
            if (volume.getSecret() == null) {
                continue;
            }
            String secret = volume.getSecret().getSecretName();
            Matcher command = Pattern.compile(
                            "kubectl [^\\n]*create secret generic " + secret + " ((?:[^\\n]*\\\\\\n)*[^\\n]*)")
                    .matcher(readme);
            assertThat(command.find()).as("a command that makes " + secret).isTrue();
            Set<String> keys = Pattern.compile("--from-(?:file|literal)=(?:[^ =]*/)?([^ =/]+)(?:=| |\\\\|$)")
                    .matcher(command.group(1) + " ")
                    .results()
                    .map(key -> key.group(1))
                    .collect(Collectors.toSet());
            Set<String> read = container.getEnv().stream()
                    .map(EnvVar::getValue)
                    .filter(value -> value != null && value.startsWith(mounted(volume.getName()) + "/"))
                    .map(value -> value.substring(mounted(volume.getName()).length() + 1))
                    .collect(Collectors.toSet());
            switch (volume.getName()) {
                case "configuration" -> read.add("application.yaml");
                case "database" ->
                    read.addAll(Set.of(
                            "spring.datasource.url", "spring.datasource.username", "spring.datasource.password"));
                default -> assertThat(read).isNotEmpty();
            }
            assertThat(keys).as(secret).isEqualTo(read);
            assertThat(volume.getSecret().getDefaultMode()).isEqualTo(0440);
        }
        assertThat(environment("SPRING_CONFIG_IMPORT")).isEqualTo("configtree:" + mounted("database") + "/");
        assertThat(environment("SPRING_CONFIG_ADDITIONAL_LOCATION"))
                .isEqualTo("file:" + mounted("configuration") + "/");
    }

    @Test
    void everyVariableIsAPropertyAndComposeHasTheSame() throws Exception {
        Set<String> properties = new TreeSet<>();
        try (InputStream in = getClass().getResourceAsStream("/META-INF/spring-configuration-metadata.json")) {
            JsonMapper.builder()
                    .build()
                    .readTree(in)
                    .path("properties")
                    .forEach(property -> properties.add(property.path("name")
                            .asText()
                            .replace("-", "")
                            .replace('.', '_')
                            .toUpperCase(Locale.ROOT)));
        }
        Set<String> variables = container.getEnv().stream().map(EnvVar::getName).collect(Collectors.toSet());
        assertThat(variables)
                .filteredOn(name -> name.startsWith("DRAWBRIDGE_"))
                .allSatisfy(name -> assertThat(properties).contains(uniform(name, properties)));
        Set<String> compose =
                new TreeSet<>(Manifests.map(Manifests.map(Manifests.map(Manifests.read(Path.of("docker/compose.yaml"))
                                                .get(0)
                                                .get("services"))
                                        .get("drawbridge"))
                                .get("environment"))
                        .keySet());
        // there by the kubeconfig and by variables; here by the service account and by the Secret
        compose.removeAll(
                Set.of("DRAWBRIDGE_KUBERNETES_KUBECONFIG", "SPRING_DATASOURCE_URL", "SPRING_DATASOURCE_USERNAME"));
        compose.addAll(Set.of(
                "DRAWBRIDGE_EVIDENCE_DIRECTORY",
                "DRAWBRIDGE_BASELINE_CACHE_DIRECTORY",
                "DRAWBRIDGE_KUBERNETES_POD_NAME",
                "DRAWBRIDGE_KUBERNETES_POD_NAMESPACE"));
        assertThat(variables).isEqualTo(compose);
    }

    /** A variable writes a hyphen as an underscore or leaves it out; ours write it. */
    private static String uniform(String variable, Set<String> properties) {
        String bare = variable.replace("_", "");
        return properties.stream()
                .filter(property -> property.replace("_", "").equals(bare))
                .findFirst()
                .orElse(variable);
    }

    // ---- how it runs

    @Test
    void itRunsWithoutAnyPrivilegeAndAsTheImagesUser() throws Exception {
        var whole = pod.getSecurityContext();
        var own = container.getSecurityContext();
        assertThat(whole.getRunAsNonRoot()).isTrue();
        assertThat(whole.getSeccompProfile().getType()).isEqualTo("RuntimeDefault");
        assertThat(own.getAllowPrivilegeEscalation()).isFalse();
        assertThat(own.getReadOnlyRootFilesystem()).isTrue();
        assertThat(own.getCapabilities().getDrop()).containsExactly("ALL");
        assertThat(own.getCapabilities().getAdd()).isEmpty();
        assertThat(Files.readString(Path.of("docker/Dockerfile")))
                .contains("USER " + whole.getRunAsUser() + ":" + whole.getRunAsGroup());
        assertThat(whole.getFsGroup()).isEqualTo(whole.getRunAsGroup());
        assertThat(pod.getHostNetwork()).isNull();
        assertThat(pod.getHostPID()).isNull();
        assertThat(pod.getVolumes())
                .allSatisfy(volume -> assertThat(volume.getHostPath()).isNull());
        assertThat(pod.getEnableServiceLinks())
                .as("variables that would be read as properties")
                .isFalse();
        assertThat(pod.getAutomountServiceAccountToken()).isTrue();
        assertThat(only(ServiceAccount.class).getAutomountServiceAccountToken()).isFalse();
        assertThat(container.getResources().getRequests()).containsKeys("cpu", "memory");
        assertThat(container.getResources().getLimits()).containsKeys("cpu", "memory");
        assertThat(container.getResources().getLimits().get("memory"))
                .as("not what a node under pressure takes first")
                .isEqualTo(container.getResources().getRequests().get("memory"));
    }

    @Test
    void theKubeletAsksWhatTheApplicationAnswers() {
        // HealthProbesTest asks the same, without signing in and without a database
        assertThat(container.getLivenessProbe().getHttpGet()).satisfies(asks("/actuator/health/liveness"));
        assertThat(container.getStartupProbe().getHttpGet()).satisfies(asks("/actuator/health/liveness"));
        assertThat(container.getReadinessProbe().getHttpGet()).satisfies(asks("/actuator/health/readiness"));
        int start = container.getStartupProbe().getPeriodSeconds()
                * container.getStartupProbe().getFailureThreshold();
        assertThat(start).as("seconds that a first start may take").isGreaterThanOrEqualTo(180);
    }

    private static java.util.function.Consumer<HTTPGetAction> asks(String path) {
        return action -> {
            assertThat(action.getPath()).isEqualTo(path);
            assertThat(action.getPort().getStrVal()).isEqualTo("http");
        };
    }

    /** Requests, rungs and other steps end one after the other, each within its own time; see the comment in the manifest. */
    @Test
    void itHasTimeToEnd() {
        assertThat(container.getLifecycle().getPreStop().getExec().getCommand()).containsExactly("sleep", "5");
        assertThat(pod.getTerminationGracePeriodSeconds()).isGreaterThanOrEqualTo(5 + 30 + 20 + 30);
        assertThat(deployment
                        .getSpec()
                        .getStrategy()
                        .getRollingUpdate()
                        .getMaxUnavailable()
                        .getIntVal())
                .isZero();
    }

    @Test
    void itLeavesANodeThatItContainsAndDoesNotComeBackWhileItIsContained() {
        assertThat(pod.getTolerations()).isNotEmpty().allSatisfy(toleration -> {
            assertThat(toleration.getKey()).startsWith("node.kubernetes.io/");
            assertThat(toleration.getTolerationSeconds()).isPositive();
        });
        assertThat(pod.getAffinity()
                        .getNodeAffinity()
                        .getRequiredDuringSchedulingIgnoredDuringExecution()
                        .getNodeSelectorTerms())
                .singleElement()
                .satisfies(term -> assertThat(term.getMatchExpressions())
                        .singleElement()
                        .satisfies(expression -> {
                            assertThat(expression.getKey()).isEqualTo("drawbridge.dev/contained");
                            assertThat(expression.getOperator()).isEqualTo("DoesNotExist");
                        }));
    }

    /** What the guardrail own-last-replica finds the replicas by. */
    @Test
    void itKnowsWhichPodItIsAndWhichOnesAreItsReplicas() throws Exception {
        Map<String, String> fields = container.getEnv().stream()
                .filter(variable -> variable.getValueFrom() != null)
                .collect(Collectors.toMap(
                        EnvVar::getName,
                        variable -> variable.getValueFrom().getFieldRef().getFieldPath()));
        assertThat(fields)
                .containsEntry("DRAWBRIDGE_KUBERNETES_POD_NAME", "metadata.name")
                .containsEntry("DRAWBRIDGE_KUBERNETES_POD_NAMESPACE", "metadata.namespace");
        Matcher row = Pattern.compile("(?m)^\\| `drawbridge\\.kubernetes\\.pod\\.selector` \\| `([^`]*)`")
                .matcher(Files.readString(Path.of("README.md")));
        assertThat(row.find()).isTrue();
        String[] label = row.group(1).split("=");
        assertThat(deployment.getSpec().getSelector().getMatchLabels()).containsExactly(Map.entry(label[0], label[1]));
        assertThat(template.getMetadata().getLabels()).containsEntry(label[0], label[1]);
        assertThat(pod.getServiceAccountName()).isNotBlank();
    }

    @Test
    void itIsExemptFromItsOwnNetworkPolicies() throws Exception {
        String exempt = deployment.getMetadata().getNamespace() + "/" + NAME + "="
                + template.getMetadata().getLabels().get(NAME);
        Matcher row = Pattern.compile("(?m)^\\| `drawbridge\\.containment\\.network\\.exempt` \\| `([^`]*)`")
                .matcher(Files.readString(Path.of("README.md")));
        assertThat(row.find()).isTrue();
        assertThat(row.group(1).split(", ")).contains(exempt);
    }

    @Test
    void everyPortThatItHasToReachIsOpenAndNothingElse() {
        Map<String, Set<Integer>> open = all(NetworkPolicy.class).stream()
                .filter(policy -> !policy.getSpec().getEgress().isEmpty())
                .collect(Collectors.toMap(
                        policy -> policy.getMetadata().getName().replace("drawbridge-", ""),
                        policy -> policy.getSpec().getEgress().stream()
                                .peek(egress -> assertThat(egress.getTo()).isNotEmpty())
                                .flatMap(egress -> egress.getPorts().stream())
                                .map(port -> port.getPort().getIntVal())
                                .collect(Collectors.toSet())));
        assertThat(open)
                .isEqualTo(Map.of(
                        "dns", Set.of(53),
                        "api-server", Set.of(443, 6443),
                        "nodes", Set.of(22),
                        "git", Set.of(22, 443),
                        "postgresql", Set.of(5432),
                        "elasticsearch", Set.of(443, 9200)));
        assertThat(all(NetworkPolicy.class))
                .filteredOn(policy -> policy.getMetadata().getName().equals("drawbridge"))
                .singleElement()
                .satisfies(policy -> {
                    assertThat(policy.getSpec().getPolicyTypes()).containsExactly("Ingress", "Egress");
                    assertThat(policy.getSpec().getIngress()).isEmpty();
                    assertThat(policy.getSpec().getEgress()).isEmpty();
                });
    }
}
