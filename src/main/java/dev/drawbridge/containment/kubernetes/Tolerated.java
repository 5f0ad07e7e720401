package dev.drawbridge.containment.kubernetes;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Toleration;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A toleration by which pods may stay on a node with our taint.
 *
 * @param namespace of the pods; {@code *} for any
 * @param key of the toleration; {@code *} for any, also one that tolerates every taint
 */
record Tolerated(String namespace, String key) {
    private static final String ANY = "*";
    private static final String NO_EXECUTE = "NoExecute";
    private static final Pattern FORM = Pattern.compile("([a-z0-9-]+|\\*) ([A-Za-z0-9./_-]+|\\*)");

    /**
     * Reads {@code namespace key}; Spring does so with each element of the list.
     *
     * @throws IllegalArgumentException for any other form
     */
    public static Tolerated valueOf(String text) {
        Matcher form = FORM.matcher(text.strip());
        if (!form.matches()) {
            throw new IllegalArgumentException("not of the form 'namespace key', either of which may be *: " + text);
        }
        return new Tolerated(form.group(1), form.group(2));
    }

    /** Whether it lets everything stay that tolerates the taint. */
    boolean everything() {
        return namespace.equals(ANY) && key.equals(ANY);
    }

    /** Whether the pod tolerates our taint, and none of its tolerations that do is on the list. */
    static boolean unasked(Pod pod, String mark, List<Tolerated> allowed) {
        List<Toleration> tolerations =
                tolerations(pod).filter(one -> tolerates(one, mark)).toList();
        return !tolerations.isEmpty()
                && tolerations.stream().noneMatch(one -> allowed.stream().anyMatch(entry -> entry.fits(pod, one)));
    }

    /** Whether the pod may stay on a node with our taint without end: a toleration with a number of seconds only puts its eviction off. */
    static boolean forEver(Pod pod, String mark) {
        List<Toleration> tolerations =
                tolerations(pod).filter(one -> tolerates(one, mark)).toList();
        return !tolerations.isEmpty() && tolerations.stream().allMatch(one -> one.getTolerationSeconds() == null);
    }

    private static Stream<Toleration> tolerations(Pod pod) {
        return pod.getSpec() == null || pod.getSpec().getTolerations() == null
                ? Stream.empty()
                : pod.getSpec().getTolerations().stream();
    }

    /** As the scheduler and the taint manager match them: no key with {@code Exists} is every taint, no effect is every effect. */
    private static boolean tolerates(Toleration toleration, String mark) {
        String effect = toleration.getEffect();
        if (effect != null && !effect.isEmpty() && !effect.equals(NO_EXECUTE)) {
            return false;
        }
        boolean exists = "Exists".equals(toleration.getOperator());
        String key = toleration.getKey();
        if (key == null || key.isEmpty()) {
            return exists;
        }
        return key.equals(Marks.CONTAINED) && (exists || mark.equals(toleration.getValue()));
    }

    private boolean fits(Pod pod, Toleration toleration) {
        return (namespace.equals(ANY) || namespace.equals(pod.getMetadata().getNamespace()))
                && (key.equals(ANY) || key.equals(toleration.getKey()));
    }
}
