package dev.drawbridge.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drawbridge.shared.FileClass;
import dev.drawbridge.shared.NodePath;
import java.io.ByteArrayInputStream;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.SignatureException;
import java.security.cert.CertPathValidator;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Base64;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.openssl.PEMKeyPair;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.yaml.snakeyaml.Yaml;

class KubeadmClusterTest {
    private static final Instant NOW = Instant.parse("2026-11-24T09:00:00Z");
    private static Map<String, Map<String, NodeFile>> nodes;

    @BeforeAll
    static void build() {
        KubeadmCluster cluster = new KubeadmCluster(NOW);
        nodes = SandboxNode.CLUSTER.stream()
                .collect(Collectors.toMap(
                        node -> node.name().value(),
                        node -> cluster.files(node).stream().collect(Collectors.toMap(NodeFile::path, file -> file))));
    }

    @Test
    void everyLeafOfAControlPlaneVerifiesAgainstItsAuthority() throws Exception {
        for (String node : List.of("cp-1", "cp-2", "cp-3")) {
            for (String leaf : List.of("apiserver", "apiserver-kubelet-client")) {
                validate(certificate(node, leaf), certificate(node, "ca"));
            }
            for (String leaf :
                    List.of("etcd/server", "etcd/peer", "etcd/healthcheck-client", "apiserver-etcd-client")) {
                validate(certificate(node, leaf), certificate(node, "etcd/ca"));
            }
            validate(certificate(node, "front-proxy-client"), certificate(node, "front-proxy-ca"));
        }
    }

    @Test
    void aLeafOfEtcdIsNotAcceptedByTheClusterAuthority() {
        assertThatThrownBy(() -> validate(certificate("cp-1", "etcd/server"), certificate("cp-1", "ca")))
                .isInstanceOf(java.security.cert.CertPathValidatorException.class);
    }

    @Test
    void everyKeyBelongsToItsCertificate() throws Exception {
        for (Map.Entry<String, NodeFile> file : nodes.get("cp-2").entrySet()) {
            if (file.getKey().endsWith(".crt")) {
                NodeFile key = nodes.get("cp-2").get(file.getKey().replace(".crt", ".key"));
                assertThat(signs(
                                privateKey(text(key)),
                                certificate(file.getValue().content())))
                        .as(file.getKey())
                        .isTrue();
            }
        }
    }

    @Test
    void theServiceAccountKeysAreOnePair() throws Exception {
        KeyPair pair = new JcaPEMKeyConverter().getKeyPair((PEMKeyPair)
                new PEMParser(new StringReader(text(nodes.get("cp-1").get(pki("sa.key"))))).readObject());
        assertThat(CertificateAuthority.pem(pair.getPublic()))
                .isEqualTo(text(nodes.get("cp-1").get(pki("sa.pub"))));
    }

    @Test
    void controlPlanesShareTheirAuthoritiesAndTheServiceAccountKeysButNoLeaf() {
        for (String shared : List.of("ca.crt", "ca.key", "etcd/ca.key", "front-proxy-ca.key", "sa.key", "sa.pub")) {
            assertThat(text(nodes.get("cp-1").get(pki(shared))))
                    .isEqualTo(text(nodes.get("cp-3").get(pki(shared))));
        }
        for (String own : List.of("apiserver.crt", "apiserver.key", "etcd/peer.key", "front-proxy-client.key")) {
            assertThat(text(nodes.get("cp-1").get(pki(own))))
                    .isNotEqualTo(text(nodes.get("cp-3").get(pki(own))));
        }
    }

    @Test
    void theApiServerCertificateNamesTheNodeAndTheServiceAddress() throws Exception {
        assertThat(certificate("cp-1", "apiserver").getSubjectAlternativeNames().stream()
                        .map(one -> one.get(1).toString()))
                .contains("cp-1", "kubernetes.default.svc", "10.96.0.1", "10.20.0.11");
        assertThat(certificate("cp-1", "apiserver").getExtendedKeyUsage()).containsExactly("1.3.6.1.5.5.7.3.1");
    }

    @Test
    void kubeconfigsHoldCertificatesThatTheClusterAuthoritySigned() throws Exception {
        Map<String, String> users = Map.of(
                "admin.conf", "O=kubeadm:cluster-admins,CN=kubernetes-admin",
                "super-admin.conf", "O=system:masters,CN=kubernetes-super-admin",
                "controller-manager.conf", "CN=system:kube-controller-manager",
                "scheduler.conf", "CN=system:kube-scheduler",
                "kubelet.conf", "O=system:nodes,CN=system:node:cp-1");
        for (Map.Entry<String, String> user : users.entrySet()) {
            Map<String, List<Map<String, Map<String, String>>>> config =
                    new Yaml().load(text(nodes.get("cp-1").get("etc/kubernetes/" + user.getKey())));
            Map<String, String> client = config.get("users").get(0).get("user");
            X509Certificate certificate =
                    certificate(Base64.getDecoder().decode(client.get("client-certificate-data")));
            validate(certificate, certificate("cp-1", "ca"));
            assertThat(org.bouncycastle.asn1.x500.X500Name.getInstance(
                                    certificate.getSubjectX500Principal().getEncoded())
                            .toString())
                    .isEqualTo(user.getValue());
            String key = new String(Base64.getDecoder().decode(client.get("client-key-data")), StandardCharsets.UTF_8);
            assertThat(signs(privateKey(key), certificate)).isTrue();
        }
    }

    @Test
    void everyKeyManifestAndKubeconfigIsForRootOnlyAndEveryCertificateMayBeRead() {
        nodes.values().stream().flatMap(files -> files.values().stream()).forEach(file -> {
            boolean isPublic = file.path().endsWith(".crt") || file.path().equals("var/lib/kubelet/config.yaml");
            assertThat(file.mode()).as(file.path()).isEqualTo(isPublic ? 0644 : 0600);
        });
    }

    @Test
    void everyManifestIsAPodThatNamesOnlyFilesThatExist() {
        for (String node : List.of("cp-1", "cp-2", "cp-3")) {
            List<NodeFile> manifests = nodes.get(node).values().stream()
                    .filter(file -> FileClass.of(NodePath.of("/" + file.path())) == FileClass.STATIC_POD_MANIFEST)
                    .toList();
            assertThat(manifests).hasSize(4);
            for (NodeFile manifest : manifests) {
                Map<String, Object> pod = new Yaml().load(text(manifest));
                assertThat(pod).containsEntry("kind", "Pod");
                assertThat(text(manifest)).doesNotContain("${");
                java.util.regex.Matcher named = java.util.regex.Pattern.compile("=/(etc/kubernetes/[^\\s]+\\.[a-z]+)")
                        .matcher(text(manifest));
                while (named.find()) {
                    assertThat(nodes.get(node)).containsKey(named.group(1));
                }
            }
        }
    }

    @Test
    void aWorkerHoldsTheAuthorityCertificateAndItsKubeconfigOnly() {
        Set<String> watched = nodes.get("worker-2").values().stream()
                .filter(NodeFile::watched)
                .map(NodeFile::path)
                .collect(Collectors.toSet());
        assertThat(watched).containsExactlyInAnyOrder("etc/kubernetes/pki/ca.crt", "etc/kubernetes/kubelet.conf");
        assertThat(text(nodes.get("worker-2").get(pki("ca.crt"))))
                .isEqualTo(text(nodes.get("cp-1").get(pki("ca.crt"))));
    }

    private static String pki(String name) {
        return "etc/kubernetes/pki/" + name;
    }

    private static String text(NodeFile file) {
        return new String(file.content(), StandardCharsets.UTF_8);
    }

    private static X509Certificate certificate(String node, String name) throws Exception {
        return certificate(nodes.get(node).get(pki(name + ".crt")).content());
    }

    private static X509Certificate certificate(byte[] pem) throws Exception {
        return (X509Certificate)
                CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(pem));
    }

    private static PrivateKey privateKey(String pem) throws Exception {
        Object parsed = new PEMParser(new StringReader(pem)).readObject();
        PrivateKeyInfo info = parsed instanceof PEMKeyPair pair ? pair.getPrivateKeyInfo() : (PrivateKeyInfo) parsed;
        return new JcaPEMKeyConverter().getPrivateKey(info);
    }

    private static void validate(X509Certificate leaf, X509Certificate authority) throws Exception {
        PKIXParameters parameters = new PKIXParameters(Set.of(new TrustAnchor(authority, null)));
        parameters.setRevocationEnabled(false);
        parameters.setDate(Date.from(NOW));
        CertPathValidator.getInstance("PKIX")
                .validate(CertificateFactory.getInstance("X.509").generateCertPath(List.of(leaf)), parameters);
    }

    private static boolean signs(PrivateKey key, X509Certificate certificate) throws Exception {
        byte[] message = "proof".getBytes(StandardCharsets.UTF_8);
        Signature signer = Signature.getInstance("SHA256withECDSA");
        signer.initSign(key);
        signer.update(message);
        Signature verifier = Signature.getInstance("SHA256withECDSA");
        verifier.initVerify(certificate);
        verifier.update(message);
        try {
            return verifier.verify(signer.sign());
        } catch (SignatureException malformed) {
            return false;
        }
    }
}
