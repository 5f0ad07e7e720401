package dev.drawbridge.shared;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class FilePoliciesTest {
    @ParameterizedTest
    @EnumSource(FileClass.class)
    void whatIsNotSaidIsDoneAsIsSafe(FileClass each) {
        FilePolicy safe = each == FileClass.CA_KEY ? FilePolicy.ASK : FilePolicy.AUTOMATIC;
        assertThat(FilePolicies.SAFE.of(each, true)).isEqualTo(safe);
        assertThat(FilePolicies.SAFE.of(each, false)).isEqualTo(safe);
    }

    @Test
    void aKeyThatMintsIdentitiesIsNeverPutBackOrMovedAwayWithoutAPerson() {
        Map<FileClass, FilePolicy> careless = Map.of(FileClass.CA_KEY, FilePolicy.AUTOMATIC);
        assertThatThrownBy(() -> new FilePolicies(careless, Map.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("without a person");
        assertThatThrownBy(() -> new FilePolicies(Map.of(), careless)).isInstanceOf(IllegalArgumentException.class);
        assertThat(new FilePolicies(Map.of(FileClass.CA_KEY, FilePolicy.TASK), Map.of()).of(FileClass.CA_KEY, true))
                .isEqualTo(FilePolicy.TASK);
        assertThat(FilePolicies.asking(Set.of()).of(FileClass.CA_KEY, true))
                .as("an older playbook that did not ask")
                .isEqualTo(FilePolicy.ASK);
    }

    @Test
    void changedAndUnexpectedFilesAreToldApart() {
        FilePolicies policies = new FilePolicies(
                Map.of(FileClass.OTHER, FilePolicy.TASK), Map.of(FileClass.KUBECONFIG, FilePolicy.ASK));
        assertThat(policies.of(FileClass.OTHER, true)).isEqualTo(FilePolicy.TASK);
        assertThat(policies.of(FileClass.OTHER, false)).isEqualTo(FilePolicy.AUTOMATIC);
        assertThat(policies.of(FileClass.KUBECONFIG, true)).isEqualTo(FilePolicy.AUTOMATIC);
        assertThat(policies.of(FileClass.KUBECONFIG, false)).isEqualTo(FilePolicy.ASK);
        assertThat(FilePolicies.asking(Set.of(FileClass.OTHER)).of(FileClass.OTHER, false))
                .isEqualTo(FilePolicy.ASK);
    }
}
