package dev.drawbridge.baseline;

import dev.drawbridge.node.NodeDirectory;
import dev.drawbridge.node.OwnWrites;
import java.io.PrintWriter;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import org.springframework.boot.Banner;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.context.properties.ConfigurationPropertiesScan;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.ComponentScan;
import org.springframework.context.annotation.FilterType;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/**
 * {@code drawbridge baseline ...}: commands of the same jar, with the same configuration, and nothing else of the application: no database,
 * no cluster, no web server.
 */
public final class BaselineCommands {
    private BaselineCommands() {}

    /**
     * @param arguments what follows {@code baseline}; settings ({@code --spring.config.additional-location=...}) may stand anywhere
     * @param clock by which signatures are made and keys judged
     * @return exit code: 0 done, 1 refused or failed with the reason on the error stream, 2 wrongly asked for
     */
    public static int run(Clock clock, String... arguments) {
        return execute(new CommandLine(new Group()), clock, arguments);
    }

    /** @param line writes where it was told to */
    static int execute(CommandLine line, Clock clock, String... arguments) {
        List<String> settings = new ArrayList<>();
        List<String> words = new ArrayList<>();
        for (String argument : arguments) {
            // only settings have a dot in their name
            (argument.matches("(?s)--[a-z][\\w-]*\\.[^=\\s]+=.*") ? settings : words).add(argument);
        }
        PrintWriter out = line.getOut();
        PrintWriter err = line.getErr();
        return line.addSubcommand(new CaptureCommand(settings, clock))
                .addSubcommand(new VerifyCommand(settings, clock))
                .setOut(out)
                .setErr(err)
                .setExecutionExceptionHandler((failure, command, parsed) -> {
                    command.getErr().println(command.getCommandName() + ": " + reason(failure));
                    return CommandLine.ExitCode.SOFTWARE;
                })
                .execute(words.toArray(String[]::new));
    }

    /** What a person can act on; the innermost cause knows which setting or file it is about. */
    private static String reason(Throwable failure) {
        Throwable cause = failure;
        while (cause.getCause() != null && !(cause instanceof CaptureRefusedException)) {
            cause = cause.getCause();
        }
        String message = cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
        return cause == failure || failure.getMessage() == null || failure instanceof RuntimeException
                ? message
                : failure.getMessage() + ": " + message;
    }

    /** @param nodes what is known of the nodes, since no cluster is asked */
    static ConfigurableApplicationContext start(List<String> settings, Clock clock, NodeDirectory nodes) {
        return new SpringApplicationBuilder(Parts.class)
                .web(WebApplicationType.NONE)
                .bannerMode(Banner.Mode.OFF)
                .logStartupInfo(false)
                .properties("logging.level.root=error")
                .initializers(context -> {
                    context.getBeanFactory().registerSingleton("clock", clock);
                    context.getBeanFactory().registerSingleton("nodes", nodes);
                })
                .run(settings.toArray(String[]::new));
    }

    @Command(
            name = "drawbridge baseline",
            description = "Captures nodes into the baseline, and verifies it.",
            mixinStandardHelpOptions = true,
            synopsisSubcommandLabel = "COMMAND")
    static final class Group implements Runnable {
        @CommandLine.Spec
        private CommandLine.Model.CommandSpec spec = CommandLine.Model.CommandSpec.create();

        @Override
        public void run() {
            throw new CommandLine.ParameterException(spec.commandLine(), "say what to do: capture or verify");
        }
    }

    /** Not found by the application's own scan: it is no component there. */
    @ConfigurationPropertiesScan({"dev.drawbridge.node", "dev.drawbridge.baseline"})
    @ComponentScan(
            basePackages = "dev.drawbridge.node",
            excludeFilters = {
                @ComponentScan.Filter(type = FilterType.ASSIGNABLE_TYPE, classes = OwnWrites.class),
                // a healthy node is captured for no incident, and without a cluster
                @ComponentScan.Filter(type = FilterType.REGEX, pattern = "dev\\.drawbridge\\.node\\.pod\\..*")
            })
    static class Parts {}
}
