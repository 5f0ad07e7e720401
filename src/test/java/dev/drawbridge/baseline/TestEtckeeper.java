package dev.drawbridge.baseline;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The {@code /etc} of a node under a root of its own, kept by Debian's etckeeper, and tags made on it by Git and ssh-keygen. */
public final class TestEtckeeper {
    private final Path home;
    private final Path root;

    /** Skips the test, saying what to install, when the machine has not what it needs. */
    public TestEtckeeper(Path home, Path root) throws Exception {
        assumeTrue(
                Files.isExecutable(Path.of("/usr/bin/etckeeper")),
                "skipped: needs etckeeper (apt-get install etckeeper git)");
        this.home = Files.createDirectories(home);
        this.root = Files.createDirectories(root);
        Files.createDirectories(root.resolve("etc"));
        Files.writeString(home.resolve(".gitconfig"), """
                [user]
                name = Baseline
                email = baseline@drawbridge.example
                [gpg]
                format = ssh
                [init]
                defaultBranch = master
                """);
    }

    public Path etc() {
        return root.resolve("etc");
    }

    public void put(String path, String content, String mode) throws Exception {
        Path file = root.resolve(path);
        Files.createDirectories(file.getParent());
        Files.writeString(file, content);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
    }

    /** As the package does at its installation, and then before and after each of others. */
    public void init() throws Exception {
        run("etckeeper", "init", "-d", etc().toString());
        commit("initial");
    }

    public void commit(String message) throws Exception {
        run("etckeeper", "commit", "-d", etc().toString(), message);
    }

    public void tag(Path key, String name) throws Exception {
        git("-c", "user.signingkey=" + key, "tag", "-f", "-s", "-m", "As it should be", name);
    }

    public String git(String... arguments) throws Exception {
        List<String> command = new java.util.ArrayList<>(List.of("git", "-C", etc().toString()));
        command.addAll(List.of(arguments));
        return run(command.toArray(String[]::new));
    }

    private String run(String... command) throws Exception {
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(home.toFile())
                .redirectErrorStream(true)
                .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")));
        builder.environment().keySet().removeIf(name -> name.startsWith("GIT_"));
        builder.environment().put("HOME", home.toString());
        builder.environment().put("GIT_CONFIG_NOSYSTEM", "1");
        Process process = builder.start();
        String said = new String(process.getInputStream().readAllBytes(), UTF_8);
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue())
                .as(String.join(" ", command) + "\n" + said)
                .isZero();
        return said;
    }
}
