package dev.drawbridge.sandbox;

import java.io.PrintStream;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.context.annotation.Profile;
import org.springframework.context.event.EventListener;
import org.springframework.core.env.Environment;
import org.springframework.stereotype.Component;

/**
 * Says at the end of the start where to go and how to enter. To standard output and not to the log: logs are collected, and
 * this holds the password.
 */
@Component
@Profile("sandbox")
class SandboxBanner {
    private final SandboxWorld world;
    private final Environment environment;

    SandboxBanner(SandboxWorld world, Environment environment) {
        this.world = world;
        this.environment = environment;
    }

    @EventListener(ApplicationReadyEvent.class)
    void print() {
        print(
                System.out,
                "http://localhost:" + environment.getRequiredProperty("local.server.port"),
                world.credentials());
    }

    private static void print(PrintStream out, String address, SandboxCredentials credentials) {
        out.print("""

                ------------------------------------------------------------------------------
                 Drawbridge sandbox   %1$s
                 users                %2$s
                 password             %3$s
                 alert token          %4$s

                 1. attack a node     curl -u responder:%3$s -H 'Content-Type: application/json' \\
                                        -d '{"node":"cp-1"}' %1$s/api/v1/sandbox/attacks
                                      or sign in at %1$s/sandbox as responder
                 2. see the answer    curl -u responder:%3$s %1$s/api/v1/incidents
                                      then approve the return to service as approver
                ------------------------------------------------------------------------------

                """.formatted(
                        address,
                        String.join(", ", SandboxWorld.USERS.keySet()),
                        credentials.password(),
                        credentials.alertToken()));
        out.flush();
    }
}
