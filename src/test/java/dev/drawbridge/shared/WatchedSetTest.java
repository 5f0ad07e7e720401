package dev.drawbridge.shared;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class WatchedSetTest {
    private final WatchedSet watched =
            new WatchedSet(List.of("/etc/kubernetes/manifests/**", "/etc/kubernetes/pki/**", "/etc/kubernetes/*.conf"));

    @ParameterizedTest
    @CsvSource({
        "/etc/kubernetes/manifests/etcd.yaml,true",
        "/etc/kubernetes/manifests/.hidden/x,true",
        "/etc/kubernetes/pki/etcd/ca.key,true",
        "/etc/kubernetes/admin.conf,true",
        "/etc/kubernetes/.ansible_tmpx.conf,true",
        "/etc/kubernetes/sub/admin.conf,false",
        "/etc/kubernetes/admin.conf.bak,false",
        "/etc/kubernetes/manifests,false",
        "/etc/kubernetes/manifestsx/y,false",
        "/etc/shadow,false",
    })
    void holdsWhatThePatternsSay(String path, boolean contained) {
        assertThat(watched.contains(NodePath.of(path))).isEqualTo(contained);
    }

    @Test
    void scansEachDirectoryOnce() {
        assertThat(watched.roots()).containsExactly(NodePath.of("/etc/kubernetes"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"/**", "/*", "/etc", "etc/**", "/etc/*/x", "/etc/**/x", "/etc/*.c*", "/etc/../x/**", "/etc/a*"})
    void refusesPatternsThatItCouldNotKeep(String pattern) {
        assertThatThrownBy(() -> new WatchedSet(List.of(pattern))).isInstanceOf(IllegalArgumentException.class);
    }

    @ParameterizedTest
    @CsvSource({
        "/etc/kubernetes/manifests/x.yaml,STATIC_POD_MANIFEST",
        "/etc/kubernetes/pki/ca.key,CA_KEY",
        "/etc/kubernetes/pki/etcd/ca.key,CA_KEY",
        "/etc/kubernetes/pki/front-proxy-ca.key,CA_KEY",
        "/etc/kubernetes/pki/sa.key,CA_KEY",
        "/etc/kubernetes/pki/sa.pub,CA_CERTIFICATE",
        "/etc/kubernetes/pki/ca.crt,CA_CERTIFICATE",
        "/etc/kubernetes/pki/apiserver.key,LEAF_KEY",
        "/etc/kubernetes/pki/apiserver.crt,LEAF_CERTIFICATE",
        "/etc/kubernetes/pki/notes.txt,OTHER",
        "/etc/kubernetes/admin.conf,KUBECONFIG",
        "/etc/resolv.conf,OTHER",
    })
    void classifiesFilesAsKubeadmNamesThem(String path, FileClass fileClass) {
        assertThat(FileClass.of(NodePath.of(path))).isEqualTo(fileClass);
        assertThat(FileClass.ofCode(fileClass.code())).isEqualTo(fileClass);
    }
}
