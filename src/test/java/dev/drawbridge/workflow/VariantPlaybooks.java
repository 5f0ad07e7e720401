package dev.drawbridge.workflow;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.springframework.boot.test.util.TestPropertyValues;
import org.springframework.context.ApplicationContextInitializer;
import org.springframework.context.ConfigurableApplicationContext;

/** The playbook that ships, and versions of it with other policies for rules of their own. */
class VariantPlaybooks implements ApplicationContextInitializer<ConfigurableApplicationContext> {
    /** A deadline asks again instead of containing. */
    static final String PATIENT = "patient-rule";
    /** What python does to kubeconfigs is excluded. */
    static final String EXCLUDING = "excluding-rule";
    /** One person may decide everything. */
    static final String TRUSTING = "trusting-rule";

    /** Tries what it would do. */
    static final String TRYING = "trying-rule";

    /** The last rung is a person's. */
    static final String DENYING = "denying-rule";

    /** More than reading back is wanted of the first two rungs. */
    static final String PROVING = "proving-rule";

    @Override
    public void initialize(ConfigurableApplicationContext context) {
        try {
            // of this process alone: another one may write the same at this moment
            Path directory =
                    Files.createTempDirectory(Files.createDirectories(Path.of("target/variant-playbooks")), "of-");
            write(directory, PATIENT, "containOnDeadline: true", "containOnDeadline: false");
            write(
                    directory,
                    EXCLUDING,
                    "exclusions: []",
                    "exclusions: [{reason: known good, executables: [/usr/bin/python3.10], paths: [/etc/kubernetes/*.conf]}]");
            write(directory, TRYING, "  workflow: kube", "  dryRun: true\n  workflow: kube");
            write(directory, TRUSTING, "fourEyes: true", "fourEyes: false");
            write(directory, DENYING, "rungs: [cordon, taint, label]", "rungs: [cordon, node-credentials]");
            write(
                    directory,
                    PROVING,
                    "rungs: [cordon, taint, label]",
                    "rungs: [{rung: cordon, verify: complete}, {rung: taint, verify: pods-gone}, label]");
            TestPropertyValues.of("drawbridge.playbook.directory=" + directory.toAbsolutePath())
                    .applyTo(context);
        } catch (IOException disk) {
            throw new UncheckedIOException(disk);
        }
    }

    private static void write(Path directory, String rule, String policy, String other) throws IOException {
        String shipped = Files.readString(Path.of("playbooks/kubernetes-config-tampering.yaml"));
        String variant = shipped.replaceFirst("name: kubernetes-config-tampering", "name: " + rule)
                .replaceAll(
                        "(?s)    rules:.*?    # An alert", "    rules:\n      elastic: [" + rule + "]\n    # An alert")
                .replace(policy, other);
        if (!variant.contains(other)) {
            throw new IllegalStateException("the playbook that ships no longer says " + policy);
        }
        Files.writeString(directory.resolve(rule + ".yaml"), variant);
    }
}
