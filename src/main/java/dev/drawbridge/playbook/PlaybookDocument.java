package dev.drawbridge.playbook;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.DumperOptions;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;
import org.yaml.snakeyaml.nodes.Tag;
import org.yaml.snakeyaml.representer.Representer;

/**
 * A YAML file as JSON, with the line of every value. Only the part of YAML that has a JSON meaning is accepted: no tags, no
 * anchors, no second document. Nothing is ever constructed from it but JSON.
 */
final class PlaybookDocument {
    private static final int MAX_CHARACTERS = 256 * 1024;

    private final String file;
    private final Map<String, Integer> lines = new HashMap<>();
    private final List<PlaybookProblem> problems = new ArrayList<>();
    private final Map<Node, Boolean> seen = new IdentityHashMap<>();
    private final @Nullable JsonNode root;

    private PlaybookDocument(String file, String text) {
        this.file = file;
        this.root = parse(text);
    }

    static PlaybookDocument read(String file, String text) {
        return new PlaybookDocument(file, text);
    }

    /** Null when it is not even YAML; {@link #problems()} then says why. */
    @Nullable
    JsonNode root() {
        return root;
    }

    List<PlaybookProblem> problems() {
        return List.copyOf(problems);
    }

    /** Line of the value at a JSON pointer, or of the nearest thing around it that exists. */
    int line(String pointer) {
        String at = pointer;
        while (!lines.containsKey(at) && !at.isEmpty()) {
            at = at.substring(0, Math.max(0, at.lastIndexOf('/')));
        }
        return lines.getOrDefault(at, 1);
    }

    /** A problem at a JSON pointer of this document. */
    PlaybookProblem problem(String pointer, String message) {
        return new PlaybookProblem(file, line(pointer), dotted(pointer), message);
    }

    private static String dotted(String pointer) {
        return pointer.isEmpty()
                ? ""
                : pointer.substring(1)
                        .replaceAll("/([0-9]+)(?=/|$)", "[$1]")
                        .replace('/', '.')
                        .replace("~1", "/")
                        .replace("~0", "~");
    }

    private @Nullable JsonNode parse(String text) {
        LoaderOptions options = new LoaderOptions();
        options.setCodePointLimit(MAX_CHARACTERS);
        options.setNestingDepthLimit(20);
        options.setMaxAliasesForCollections(0);
        options.setAllowRecursiveKeys(false);
        try {
            DumperOptions unused = new DumperOptions();
            Node node = new Yaml(new SafeConstructor(options), new Representer(unused), unused, options)
                    .compose(new StringReader(text));
            if (node == null) {
                problems.add(new PlaybookProblem(file, 1, "", "the file is empty"));
                return null;
            }
            return convert(node, "");
        } catch (MarkedYAMLException broken) {
            Mark mark = broken.getProblemMark();
            problems.add(new PlaybookProblem(
                    file, mark == null ? 0 : mark.getLine() + 1, "", "not YAML: " + broken.getProblem()));
            return null;
        } catch (YAMLException limit) {
            problems.add(new PlaybookProblem(file, 0, "", "not YAML within the limits: " + limit.getMessage()));
            return null;
        }
    }

    private JsonNode convert(Node node, String pointer) {
        int line = node.getStartMark().getLine() + 1;
        lines.putIfAbsent(pointer, line);
        if (seen.put(node, true) != null) {
            problems.add(problem(pointer, "anchors and aliases are not accepted: write the value out"));
            return JsonNodeFactory.instance.nullNode();
        }
        if (!(node instanceof ScalarNode)
                && !node.getTag().equals(Tag.MAP)
                && !node.getTag().equals(Tag.SEQ)) {
            return refuseTag(node, pointer);
        }
        if (node instanceof MappingNode mapping) {
            return object(mapping, pointer);
        }
        if (node instanceof SequenceNode sequence) {
            ArrayNode array = JsonNodeFactory.instance.arrayNode();
            for (Node element : sequence.getValue()) {
                array.add(convert(element, pointer + "/" + array.size()));
            }
            return array;
        }
        return scalar((ScalarNode) node, pointer);
    }

    private ObjectNode object(MappingNode mapping, String pointer) {
        ObjectNode object = JsonNodeFactory.instance.objectNode();
        for (NodeTuple entry : mapping.getValue()) {
            if (!(entry.getKeyNode() instanceof ScalarNode key)) {
                problems.add(problem(pointer, "only a plain word can be a key"));
                continue;
            }
            String below = pointer + "/" + key.getValue().replace("~", "~0").replace("/", "~1");
            // the key's line: a list or mapping itself begins on the line after
            int line = key.getStartMark().getLine() + 1;
            boolean twice = object.has(key.getValue());
            lines.put(below, line);
            if (twice) {
                problems.add(problem(below, "it stands here for the second time"));
            }
            object.set(key.getValue(), convert(entry.getValueNode(), below));
        }
        return object;
    }

    private JsonNode scalar(ScalarNode scalar, String pointer) {
        JsonNodeFactory nodes = JsonNodeFactory.instance;
        Tag tag = scalar.getTag();
        String value = scalar.getValue();
        if (tag.equals(Tag.STR) || tag.equals(Tag.TIMESTAMP)) {
            return nodes.textNode(value);
        }
        if (tag.equals(Tag.NULL)) {
            return nodes.nullNode();
        }
        if (tag.equals(Tag.BOOL)) {
            return nodes.booleanNode(List.of("true", "yes", "on").contains(value.toLowerCase(java.util.Locale.ROOT)));
        }
        if (tag.equals(Tag.INT) && value.matches("[-+]?[0-9]{1,18}")) {
            return nodes.numberNode(Long.parseLong(value));
        }
        if (tag.equals(Tag.INT) || tag.equals(Tag.FLOAT)) {
            try {
                return nodes.numberNode(new java.math.BigDecimal(value));
            } catch (NumberFormatException onlyYamlKnows) {
                problems.add(problem(pointer, "not a plain number; put it in quotes if it is text"));
                return nodes.nullNode();
            }
        }
        return refuseTag(scalar, pointer);
    }

    private JsonNode refuseTag(Node node, String pointer) {
        problems.add(problem(pointer, "tags like " + node.getTag() + " are not accepted"));
        return JsonNodeFactory.instance.nullNode();
    }
}
