package dev.drawbridge.node.ssh;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.apache.sshd.client.SshClient;
import org.apache.sshd.common.NamedResource;
import org.junit.jupiter.api.Test;

class KeyExchangeTest {
    @Test
    void thoseThatHoldAgainstQuantumComputersComeFirstTheCheapOnesBeforeTheDearOne() {
        List<String> all =
                NamedResource.getNameList(SshClient.setUpDefaultClient().getKeyExchangeFactories());
        List<String> ordered = NamedResource.getNameList(
                SshSessions.cheapFirst(SshClient.setUpDefaultClient().getKeyExchangeFactories()));

        assertThat(ordered).containsExactlyInAnyOrderElementsOf(all);
        assertThat(ordered).element(0).isEqualTo("mlkem768x25519-sha256");
        int firstClassical = ordered.indexOf("curve25519-sha256");
        assertThat(ordered.subList(0, firstClassical)).allMatch(name -> name.matches("(mlkem|sntrup).*"));
        assertThat(ordered.subList(0, firstClassical)).contains("sntrup761x25519-sha512");
    }
}
