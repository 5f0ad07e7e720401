package dev.drawbridge;

import dev.drawbridge.baseline.BaselineCommands;
import dev.drawbridge.shared.Ids;
import java.time.Clock;
import java.util.Arrays;
import java.util.UUID;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.context.properties.ConfigurationPropertiesScan;
import org.springframework.context.annotation.Bean;

/** The main job: intake, workflow engine, console and API in one process. With {@code baseline} as its first argument a command instead. */
@SpringBootApplication
@ConfigurationPropertiesScan
public class DrawbridgeApplication {
    public static void main(String[] args) {
        if (args.length > 0 && args[0].equals("baseline")) {
            System.exit(BaselineCommands.run(Clock.systemUTC(), Arrays.copyOfRange(args, 1, args.length)));
        }
        SpringApplication.run(DrawbridgeApplication.class, args);
    }

    @Bean
    Clock clock() {
        return Clock.systemUTC();
    }

    @Bean
    Ids ids() {
        return () -> UUID.randomUUID().toString();
    }
}
