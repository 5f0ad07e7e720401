package dev.drawbridge.recovery;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a container is started with: {@code command} and {@code args} of its manifest.
 *
 * @param words all of them, in order
 * @param plain those that are no flag: the program, and values that stand apart from their flag
 * @param flags values by name with its dashes; a null value is a flag without {@code =}
 */
record Arguments(List<String> words, List<String> plain, Map<String, List<@Nullable String>> flags) {

    /** Empty when a container holds something else in their place; kubelet would not run it. */
    static Optional<Arguments> of(Map<?, ?> container) {
        List<String> words = new ArrayList<>();
        for (String field : List.of("command", "args")) {
            Object value = container.get(field);
            if (value instanceof List<?> list) {
                for (Object word : list) {
                    if (!(word instanceof String || word instanceof Number || word instanceof Boolean)) {
                        return Optional.empty();
                    }
                    words.add(word.toString());
                }
            } else if (value != null) {
                return Optional.empty();
            }
        }
        return Optional.of(ofWords(words));
    }

    /**
     * Also what a shell would make of words that hold several: {@code sh -c "kube-apiserver --anonymous-auth=true"}. Not how
     * a shell really reads, but no flag that it is given in plain sight stays hidden.
     */
    Arguments asAShellWouldReadThem() {
        List<String> split = new ArrayList<>();
        for (String word : words) {
            for (String part : word.replaceAll("[\"']", "").split("[\\s;&|()]+")) {
                if (!part.isEmpty()) {
                    split.add(part);
                }
            }
        }
        return ofWords(split);
    }

    private static Arguments ofWords(List<String> words) {
        List<String> plain = new ArrayList<>();
        Map<String, List<@Nullable String>> flags = new LinkedHashMap<>();
        for (String word : words) {
            int equals = word.indexOf('=');
            String name = equals < 0 ? word : word.substring(0, equals);
            if (word.length() > 1 && word.startsWith("-") && !word.equals("--")) {
                flags.computeIfAbsent(normalised(name), none -> new ArrayList<>())
                        .add(equals < 0 ? null : word.substring(equals + 1));
            } else {
                plain.add(word);
            }
        }
        return new Arguments(List.copyOf(words), plain, flags);
    }

    /** Kubernetes' components take {@code --anonymous_auth} for {@code --anonymous-auth}. */
    private static String normalised(String name) {
        return name.replace('_', '-');
    }

    /** Every value of a flag, with the word after it where it has none of its own; empty when the flag is not given. */
    List<String> values(String flag) {
        List<String> values = new ArrayList<>();
        for (int i = 0; i < words.size(); i++) {
            String word = words.get(i);
            int equals = word.indexOf('=');
            if (normalised(equals < 0 ? word : word.substring(0, equals)).equals(flag)) {
                boolean apart =
                        equals < 0 && i + 1 < words.size() && !words.get(i + 1).startsWith("-");
                values.add(equals >= 0 ? word.substring(equals + 1) : apart ? words.get(i + 1) : "");
            }
        }
        return values;
    }
}
