package dev.drawbridge;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.equivalentTo;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noConstructors;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noFields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noMethods;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.AccessTarget;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.library.GeneralCodingRules;
import dev.drawbridge.evidence.EvidenceReceipt;
import dev.drawbridge.guardrail.Permit;
import dev.drawbridge.node.NodeFiles;
import io.fabric8.kubernetes.client.Client;
import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.modulith.core.ApplicationModules;
import org.springframework.stereotype.Component;
import org.springframework.stereotype.Controller;
import org.springframework.web.bind.annotation.ControllerAdvice;

/** The structure that the rest of the code relies on. A rule that needs an exception names the class and says why. */
class ArchitectureTest {
    private static final String SANDBOX = "dev.drawbridge.sandbox..";
    private static final JavaClasses PRODUCT = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("dev.drawbridge");

    @Test
    void modulesUseOnlyWhatOthersOfferAndFormNoCycle() {
        ApplicationModules.of(DrawbridgeApplication.class).verify();
    }

    @Test
    void theEngineStaysInOnePackage() {
        only("org.camunda..", "dev.drawbridge.workflow..");
    }

    @Test
    void theClusterClientStaysWhereTheClusterIsReadAndPlayed() {
        only("io.fabric8..", "dev.drawbridge.containment.kubernetes..", "dev.drawbridge.node.pod..", SANDBOX);
    }

    /** What a further class asks for is seen by no test until it has a scenario in FeatureTest. */
    @Test
    void everyClassThatSpeaksToTheApiServerIsKnownToTheTestOfItsRights() {
        String place = "dev.drawbridge.containment.kubernetes.";
        assertThat(whoever(access -> access.getTargetOwner().isAssignableTo(Client.class)
                        && !access.getOriginOwner().getPackageName().startsWith("dev.drawbridge.sandbox")))
                .containsExactlyInAnyOrder(
                        // reviews of access, which every authenticated client may create
                        place + "AskedRights",
                        place + "ClusterObjects",
                        place + "KubeletProxy",
                        place + "KubernetesClusterRecords",
                        place + "KubernetesClusterView",
                        place + "KubernetesEtcdPods",
                        place + "KubernetesNodeDirectory",
                        place + "KubernetesOwnReplicas",
                        place + "NodeObjects",
                        // discovery, which every authenticated client may ask
                        place + "ServedApis",
                        // with a test of its own rights
                        "dev.drawbridge.node.pod.HelperPods");
    }

    @Test
    void theElasticsearchClientStaysInTheInvestigation() {
        only("co.elastic..", "dev.drawbridge.investigation..");
    }

    private static void only(String library, String... packages) {
        noClasses()
                .that()
                .resideOutsideOfPackages(packages)
                .should()
                .dependOnClassesThat()
                .resideInAPackage(library)
                .check(PRODUCT);
    }

    @Test
    void onlyTheGateGivesPermits() {
        assertThat(whoever(access -> access.getTargetOwner().isEquivalentTo(Permit.class)
                        && access.getName().equals("<init>")))
                .containsExactly("dev.drawbridge.guardrail.EffectGate");
    }

    /** It gives these methods what an evidence receipt covers, and has no other way to name a path. */
    @Test
    void onlyRecoveryChangesFilesOnNodes() {
        assertThat(whoever(of(NodeFiles.class, "write|writeTogether|quarantine")))
                .containsExactly("dev.drawbridge.recovery.RestoreRun");
        assertThat(whoever(of(NodeFiles.class, "putBack"))).containsExactly("dev.drawbridge.recovery.NodeQuarantine");
        assertThat(NodeFiles.class.getMethods())
                .as("all that change anything")
                .filteredOn(method -> method.toGenericString().contains(Permit.class.getName()))
                .extracting(Method::getName)
                .containsExactlyInAnyOrder("write", "writeTogether", "quarantine", "putBack");
        assertThat(whoever(access -> access.getTargetOwner().isEquivalentTo(EvidenceReceipt.class)
                        && access.getName().equals("<init>")))
                .containsExactly("dev.drawbridge.evidence.EvidenceRecords");
    }

    /** The outermost classes of the product with such an access, be it a call, a method reference or a field. */
    private static Set<String> whoever(Predicate<JavaAccess<?>> does) {
        return PRODUCT.stream()
                .flatMap(type -> type.getAccessesFromSelf().stream())
                .filter(does)
                .map(access -> access.getOriginOwner().getName().replaceFirst("\\$.*", ""))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static Predicate<JavaAccess<?>> of(Class<?> owner, String names) {
        return access -> access.getTargetOwner().isEquivalentTo(owner)
                && access.getName().matches(names);
    }

    @Test
    void nobodyDependsOnALeaf() {
        leaf("dev.drawbridge.api..");
        // the sandbox adds its page to the console
        leaf("dev.drawbridge.console..", SANDBOX);
        leaf(SANDBOX);
    }

    private static void leaf(String leaf, String... mayUseIt) {
        noClasses()
                .that()
                .resideOutsideOfPackages(
                        Stream.concat(Stream.of(leaf), Stream.of(mayUseIt)).toArray(String[]::new))
                .should()
                .dependOnClassesThat()
                .resideInAPackage(leaf)
                .check(PRODUCT);
    }

    @Test
    void theFoundationsRestOnNothingAbove() {
        restsOn("dev.drawbridge.shared..");
        restsOn("dev.drawbridge.audit..", "dev.drawbridge.shared..");
        restsOn("dev.drawbridge.access..", "dev.drawbridge.shared..", "dev.drawbridge.audit..");
    }

    private static void restsOn(String module, String... below) {
        String[] allowed = Stream.concat(Stream.of(module), Stream.of(below)).toArray(String[]::new);
        noClasses()
                .that()
                .resideInAPackage(module)
                .should()
                .dependOnClassesThat(JavaClass.Predicates.resideInAPackage("dev.drawbridge..")
                        .and(JavaClass.Predicates.resideOutsideOfPackages(allowed)))
                .check(PRODUCT);
    }

    @Test
    void timeAndIdentitiesAreInjected() {
        Predicate<JavaAccess<?>> now =
                access -> access.getTargetOwner().getPackageName().startsWith("java.time")
                        && access.getName().equals("now")
                        && access.getTarget() instanceof AccessTarget.CodeUnitAccessTarget called
                        // now(Clock) is what it should be
                        && called.getRawParameterTypes().stream().noneMatch(type -> type.isEquivalentTo(Clock.class));
        assertThat(whoever(now.or(of(System.class, "currentTimeMillis"))
                        .or(of(Clock.class, "system.*|tick.*"))
                        .or(of(java.util.Date.class, "<init>")
                                .and(access -> access.getTarget() instanceof AccessTarget.CodeUnitAccessTarget called
                                        && called.getRawParameterTypes().isEmpty()))
                        .or(of(UUID.class, "randomUUID"))
                        .or(of(Math.class, "random"))
                        .or(of(Random.class, ".*"))
                        .or(of(ThreadLocalRandom.class, ".*"))))
                .as(
                        "the application makes the beans Clock and Ids; the sandbox's world is built before there are beans")
                .containsExactly("dev.drawbridge.DrawbridgeApplication", "dev.drawbridge.sandbox.SandboxWorld");
    }

    @Test
    void nobodySleepsButWhoWaitsForTheClusterToComeToRest() {
        assertThat(whoever(of(Thread.class, "sleep")
                        .or(of(TimeUnit.class, "sleep"))
                        .or(of(LockSupport.class, "park.*"))))
                .containsExactly("dev.drawbridge.verification.TimedConvergence");
    }

    @Test
    void beansAreCompleteWhenTheyAreConstructed() {
        noFields().should().beAnnotatedWith(Autowired.class).check(PRODUCT);
        noFields().should().beAnnotatedWith(Value.class).check(PRODUCT);
        noMethods().should().beAnnotatedWith(Autowired.class).check(PRODUCT);
        GeneralCodingRules.NO_CLASSES_SHOULD_USE_FIELD_INJECTION.check(PRODUCT);
    }

    @Test
    void logsGoThroughOneFacade() {
        GeneralCodingRules.NO_CLASSES_SHOULD_USE_JAVA_UTIL_LOGGING.check(PRODUCT);
        fields().that()
                .haveRawType(Logger.class)
                .should()
                .bePrivate()
                .andShould()
                .beStatic()
                .andShould()
                .beFinal()
                .check(PRODUCT);
    }

    @Test
    void onlyTheSandboxsBannerPrints() {
        Predicate<JavaAccess<?>> trace = access -> access.getTargetOwner().isAssignableTo(Throwable.class)
                && access.getName().equals("printStackTrace");
        assertThat(whoever(of(System.class, "out|err").or(trace)))
                .containsExactly("dev.drawbridge.sandbox.SandboxBanner");
    }

    @Test
    void requestsAreAnsweredAtTheEdges() {
        classes()
                .that()
                .areMetaAnnotatedWith(Controller.class)
                .or()
                .areMetaAnnotatedWith(ControllerAdvice.class)
                .should()
                .resideInAnyPackage(
                        "dev.drawbridge.api..",
                        "dev.drawbridge.console..",
                        "dev.drawbridge.alert..",
                        "dev.drawbridge.access..",
                        SANDBOX)
                .andShould()
                .notBePublic()
                .check(PRODUCT);
    }

    @Test
    void settingsAreRecordsOfTheirFeature() {
        classes()
                .that()
                .areAnnotatedWith(ConfigurationProperties.class)
                .should()
                .beRecords()
                .andShould()
                .notBePublic()
                .andShould()
                .haveSimpleNameEndingWith("Properties")
                .check(PRODUCT);
    }

    @Test
    void namesSayWhatThingsAre() {
        noClasses()
                .should()
                .resideInAnyPackage("..util..", "..utils..", "..common..", "..helper..", "..impl..", "..manager..")
                .orShould()
                .haveNameMatching(".*(Impl|Utils?|Helper|Manager)")
                .check(PRODUCT);
    }

    @Test
    void constructorsThatSpringCallsAreNotPublic() {
        noConstructors()
                .that()
                .areDeclaredInClassesThat(DescribedPredicate.describe(
                        "are components", (JavaClass type) -> type.isMetaAnnotatedWith(Component.class)))
                .and()
                .areDeclaredInClassesThat()
                .areNotAnnotations()
                .and()
                .areDeclaredInClassesThat(not(equivalentTo(DrawbridgeApplication.class)))
                .should()
                .bePublic()
                .check(PRODUCT);
    }

    @Test
    void everyPackageSaysWhatItIsForAndIsNullMarked() throws IOException {
        Pattern sentence = Pattern.compile("\\A/\\*\\*[^*]*[a-z][^*]*\\.\\s*\\*/", Pattern.DOTALL);
        try (Stream<Path> walk = Files.walk(Path.of("src/main/java"))) {
            List<Path> packages = walk.filter(file -> file.toString().endsWith(".java"))
                    .map(Path::getParent)
                    .distinct()
                    .toList();
            assertThat(packages).hasSizeGreaterThan(15).allSatisfy(one -> {
                assertThat(one.resolve("package-info.java")).exists();
                assertThat(Files.readString(one.resolve("package-info.java")))
                        .containsPattern(sentence)
                        .contains("\n@NullMarked\n");
            });
        }
    }

    @Test
    void theRulesSeeTheProduct() {
        // a rule over nothing passes
        assertThat(PRODUCT.contain(DrawbridgeApplication.class)).isTrue();
        assertThat(PRODUCT).hasSizeGreaterThan(200);
        assertThat(PRODUCT).noneMatch(type -> type.getName().endsWith("Test"));
    }
}
