package dev.drawbridge.shared;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Date;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.DuplicateKeyException;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.YAMLException;

/**
 * Which pod kubelet makes of a file. What this reader cannot read may still be a pod to kubelet, so "not readable" is never
 * "no pod". May read text from a compromised node.
 */
public final class StaticPodManifest {
    /** Kubelet's own limit lies higher; no manifest of kubeadm has a hundredth of it. */
    public static final int MAX_BYTES = 1 << 20;

    private static final int MAX_DEPTH = 50;
    /** Of the values of one pod, with those that aliases repeat; kubeadm's have some two hundred. */
    private static final int MAX_VALUES = 50_000;

    private static final NodePath DIRECTORY = NodePath.of("/etc/kubernetes/manifests");
    private static final Pattern NAME = Pattern.compile("[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?");

    private StaticPodManifest() {}

    public sealed interface Reading {
        /** @param declaresUid it sets {@code metadata.uid}: its mirror pod need not show what runs */
        record StaticPod(String namespace, String name, boolean declaresUid) implements Reading {
            public String key() {
                return namespace + "/" + name;
            }
        }

        /** Certainly something else. */
        record NoPod() implements Reading {}

        record NotReadable(String reason) implements Reading {}
    }

    /** What a file says, as far as it is a pod. */
    public sealed interface Document {
        /** @param fields a finite tree of maps with text as keys, lists, text, numbers, truth values and null */
        record Pod(Map<String, @Nullable Object> fields) implements Document {}

        /** Certainly something else. */
        record Other() implements Document {}

        record NotReadable(String reason) implements Document {}
    }

    /** The directory that kubelet reads. */
    public static NodePath directory() {
        return DIRECTORY;
    }

    /** Kubelet reads every file directly in the directory, whatever its extension, but those with a leading dot. */
    public static boolean readByKubelet(NodePath path) {
        return path.parent().equals(DIRECTORY) && !path.name().startsWith(".");
    }

    public static Reading read(byte[] content) {
        return reading(document(content));
    }

    /** Which pod a document is. */
    public static Reading reading(Document document) {
        if (document instanceof Document.NotReadable not) {
            return new Reading.NotReadable(not.reason());
        }
        return document instanceof Document.Pod pod ? identity(pod.fields()) : new Reading.NoPod();
    }

    /** The first document of a file: kubelet runs that and no other. Never throws, whatever the bytes are. */
    public static Document document(byte[] content) {
        if (content.length > MAX_BYTES) {
            return new Document.NotReadable("longer than " + MAX_BYTES + " bytes");
        }
        try {
            String text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(content))
                    .toString();
            Iterator<Object> documents =
                    new Yaml(new SafeConstructor(limits())).loadAll(text).iterator();
            return documents.hasNext() && documents.next() instanceof Map<?, ?> map && "Pod".equals(map.get("kind"))
                    ? new Document.Pod(new Copy().map(map, 0))
                    : new Document.Other();
        } catch (CharacterCodingException other) {
            return new Document.NotReadable("not UTF-8");
        } catch (DuplicateKeyException twice) {
            return new Document.NotReadable("a key comes twice");
        } catch (NotAManifestException strange) {
            return new Document.NotReadable(strange.reason);
        } catch (YAMLException malformed) {
            // its message quotes the file
            return new Document.NotReadable("not YAML within the limits");
        } catch (RuntimeException mistagged) {
            // the parser believes a tag before it looks at what is tagged: !!int x, !!set x, !!binary *
            return new Document.NotReadable("a tag that does not fit its value");
        }
    }

    /** @param pod fields of a {@link Document.Pod} */
    public static Reading identity(Map<?, ?> pod) {
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
        limits.setNestingDepthLimit(MAX_DEPTH);
        limits.setCodePointLimit(MAX_BYTES);
        return limits;
    }

    /** Makes a tree of what the parser built: aliases let its result contain itself, or grow with every use. */
    private static final class Copy {
        private int left = MAX_VALUES;

        private Map<String, @Nullable Object> map(Map<?, ?> map, int depth) {
            Map<String, @Nullable Object> copy = new LinkedHashMap<>();
            for (Map.Entry<?, ?> entry : map.entrySet()) {
                Object key = entry.getKey();
                if (!(key instanceof String || key instanceof Number || key instanceof Boolean)) {
                    throw new NotAManifestException("a key that is no text");
                }
                // JSON, which kubelet makes of it, has keys of text only
                String name = key.toString();
                if (copy.containsKey(name)) {
                    throw new NotAManifestException("a key comes twice");
                }
                copy.put(name, value(entry.getValue(), depth + 1));
            }
            return Collections.unmodifiableMap(copy);
        }

        private @Nullable Object value(@Nullable Object value, int depth) {
            if (depth > MAX_DEPTH || --left < 0) {
                throw new NotAManifestException("deeper than " + MAX_DEPTH + " levels, or more than " + MAX_VALUES
                        + " values with those that aliases repeat");
            }
            if (value instanceof Map<?, ?> map) {
                return map(map, depth);
            }
            if (value instanceof List<?> list) {
                List<@Nullable Object> copy = new ArrayList<>();
                for (Object item : list) {
                    copy.add(value(item, depth + 1));
                }
                return Collections.unmodifiableList(copy);
            }
            if (value instanceof Date date) {
                return date.toInstant().toString();
            }
            if (value == null || value instanceof String || value instanceof Number || value instanceof Boolean) {
                return value;
            }
            throw new NotAManifestException("a kind of value that no manifest has");
        }
    }

    private static final class NotAManifestException extends RuntimeException {
        private static final long serialVersionUID = 1L;
        private final String reason;

        NotAManifestException(String reason) {
            super(reason);
            this.reason = reason;
        }
    }
}
