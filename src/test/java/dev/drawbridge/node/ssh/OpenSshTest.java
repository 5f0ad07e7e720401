package dev.drawbridge.node.ssh;

import dev.drawbridge.node.shell.EveryAct;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The same acts with OpenSSH's own server. */
class OpenSshTest {
    @TempDir
    Path temp;

    @Test
    void everyActWorksOverOpenSsh() throws Exception {
        try (OpenSsh server = OpenSsh.in(temp.resolve("ssh"));
                TestNode node = server.node(temp)) {
            EveryAct.on(node);
        }
    }

    @Test
    void aCommandThatSaysNothingForLongEndsByItselfBecauseItsNodeGivesSignsOfLife() throws Exception {
        try (OpenSsh server = OpenSsh.in(temp.resolve("ssh"));
                TestNode node = server.keptAlive(temp, Duration.ofMillis(300))) {
            // four of them; were they not answered, the session would have ended after the second
            node.exec("sleep 1.4");
        }
    }
}
