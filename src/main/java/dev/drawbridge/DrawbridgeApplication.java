package dev.drawbridge;

import dev.drawbridge.shared.Ids;
import java.time.Clock;
import java.util.UUID;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.context.properties.ConfigurationPropertiesScan;
import org.springframework.context.annotation.Bean;

/** The main job: intake, workflow engine, console and API in one process. */
@SpringBootApplication
@ConfigurationPropertiesScan
public class DrawbridgeApplication {
    public static void main(String[] args) {
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
