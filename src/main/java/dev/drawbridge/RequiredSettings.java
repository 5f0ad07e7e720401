package dev.drawbridge;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.config.BeanFactoryPostProcessor;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.context.EnvironmentAware;
import org.springframework.core.Ordered;
import org.springframework.core.PriorityOrdered;
import org.springframework.core.env.Environment;
import org.springframework.stereotype.Component;

/**
 * Stops the start before any bean exists when something is missing without which Drawbridge cannot answer an alert, and
 * names all of it at once: an operator should not find the next gap only after having filled the last.
 */
@Component
class RequiredSettings implements BeanFactoryPostProcessor, EnvironmentAware, PriorityOrdered {
    /**
     * @param anyOf property names, one of which has to be set; a name that ends in {@code .*} is a map that must not be empty
     * @param meaning what it is for
     */
    record Required(String meaning, String... anyOf) {}

    private static final List<Required> ALL = List.of(
            new Required("where state is kept, a JDBC URL (PostgreSQL)", "spring.datasource.url"),
            new Required(
                    "the token that detectors show",
                    "drawbridge.access.alert-token",
                    "drawbridge.access.alert-token-file",
                    "drawbridge.access.detectors.*"),
            new Required("people who may sign in, each with password-hash and groups", "drawbridge.access.users.*"),
            new Required("the Git repository of the baseline", "drawbridge.baseline.url"),
            new Required("the file of keys that may sign the baseline", "drawbridge.baseline.allowed-signers"),
            new Required("the directory for the verified copy of the baseline", "drawbridge.baseline.cache-directory"),
            new Required("the directory for evidence", "drawbridge.evidence.directory"));

    private static final List<Required> FOR_SSH = List.of(
            new Required("the SSH key for the nodes", "drawbridge.node.ssh.private-key"),
            new Required("the SSH host keys of the nodes", "drawbridge.node.ssh.known-hosts"));

    private static final List<Required> FOR_PODS =
            List.of(new Required("the image of the pods by which nodes are reached", "drawbridge.node.pod.image"));

    private @Nullable Environment environment;

    /** Not by constructor: what makes constructors injectable is itself made after this. */
    @Override
    public void setEnvironment(Environment environment) {
        this.environment = environment;
    }

    @Override
    public int getOrder() {
        return Ordered.HIGHEST_PRECEDENCE;
    }

    @Override
    public void postProcessBeanFactory(ConfigurableListableBeanFactory beans) {
        Binder binder = Binder.get(Objects.requireNonNull(environment));
        List<Required> missing = new ArrayList<>();
        for (Required required : required(binder)) {
            if (!isSet(binder, required)) {
                missing.add(required);
            }
        }
        if (!missing.isEmpty()) {
            throw new MissingSettingsException(missing);
        }
    }

    private static List<Required> required(Binder binder) {
        Set<String> ways = new HashSet<>();
        ways.add(binder.bind("drawbridge.node.access", String.class).orElse("ssh"));
        ways.addAll(binder.bind("drawbridge.node.access-by-node", Bindable.mapOf(String.class, String.class))
                .orElse(Map.of())
                .values());
        List<Required> all = new ArrayList<>(ALL);
        // as Spring reads an enum
        if (ways.stream().anyMatch(way -> way.strip().equalsIgnoreCase("ssh"))) {
            all.addAll(FOR_SSH);
        }
        if (ways.stream().anyMatch(way -> way.strip().equalsIgnoreCase("pod"))) {
            all.addAll(FOR_PODS);
        }
        return all;
    }

    private static boolean isSet(Binder binder, Required required) {
        for (String name : required.anyOf()) {
            boolean set = name.endsWith(".*")
                    ? binder.bind(name.substring(0, name.length() - 2), Bindable.mapOf(String.class, Object.class))
                            .isBound()
                    : binder.bind(name, String.class)
                            .map(value -> !value.isBlank())
                            .orElse(false);
            if (set) {
                return true;
            }
        }
        return false;
    }
}
