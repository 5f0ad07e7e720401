package dev.drawbridge.verification;

import dev.drawbridge.shared.NodePath;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Iterator;
import java.util.Map;
import java.util.regex.Pattern;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.YAMLException;

/**
 * Which pod kubelet makes of a file. What this reader cannot read may still be a pod to kubelet, so "not readable" is never
 * "no pod". May read text from a compromised node.
 */
final class StaticPodManifest {
    /** Kubelet's own limit lies higher; no manifest of kubeadm has a hundredth of it. */
    static final int MAX_BYTES = 1 << 20;

    private static final NodePath DIRECTORY = NodePath.of("/etc/kubernetes/manifests");
    private static final Pattern NAME = Pattern.compile("[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?");

    private StaticPodManifest() {}

    sealed interface Reading {
        /** @param declaresUid it sets {@code metadata.uid}: its mirror pod need not show what runs */
        record StaticPod(String namespace, String name, boolean declaresUid) implements Reading {
            String key() {
                return namespace + "/" + name;
            }
        }

        /** Certainly something else. */
        record NoPod() implements Reading {}

        record NotReadable(String reason) implements Reading {}
    }

    /** The directory that kubelet reads. */
    static NodePath directory() {
        return DIRECTORY;
    }

    /** Kubelet reads every file directly in the directory, whatever its extension, but those with a leading dot. */
    static boolean readByKubelet(NodePath path) {
        return path.parent().equals(DIRECTORY) && !path.name().startsWith(".");
    }

    static Reading read(byte[] content) {
        if (content.length > MAX_BYTES) {
            return new Reading.NotReadable("longer than " + MAX_BYTES + " bytes");
        }
        try {
            String text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(content))
                    .toString();
            // kubelet runs the first document and no other
            Iterator<Object> documents =
                    new Yaml(new SafeConstructor(limits())).loadAll(text).iterator();
            return documents.hasNext() ? pod(documents.next()) : new Reading.NoPod();
        } catch (CharacterCodingException other) {
            return new Reading.NotReadable("not UTF-8");
        } catch (YAMLException malformed) {
            // its message quotes the file
            return new Reading.NotReadable("not YAML within the limits");
        }
    }

    private static Reading pod(Object document) {
        if (!(document instanceof Map<?, ?> pod) || !"Pod".equals(pod.get("kind"))) {
            return new Reading.NoPod();
        }
        if (!(pod.get("metadata") instanceof Map<?, ?> metadata)
                || !(metadata.get("name") instanceof String name)
                || !NAME.matcher(name).matches()) {
            return new Reading.NotReadable("a pod without a valid name");
        }
        Object namespace = metadata.get("namespace");
        if (namespace == null || "".equals(namespace)) {
            namespace = "default";
        }
        if (!(namespace instanceof String space) || !NAME.matcher(space).matches()) {
            return new Reading.NotReadable("a pod without a valid namespace");
        }
        return new Reading.StaticPod(space, name, metadata.get("uid") != null);
    }

    private static LoaderOptions limits() {
        LoaderOptions limits = new LoaderOptions();
        // a key that comes twice means one thing to this parser and may mean another to kubelet's
        limits.setAllowDuplicateKeys(false);
        limits.setAllowRecursiveKeys(false);
        limits.setMaxAliasesForCollections(20);
        limits.setNestingDepthLimit(50);
        limits.setCodePointLimit(MAX_BYTES);
        return limits;
    }
}
