package dev.drawbridge.containment;

import java.time.Instant;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What Drawbridge may do in the cluster, as the API server said when it was asked: method by method, because that is what people have to
 * do without. What was not answered is not known, and is never taken for a yes.
 */
public interface ClusterRights {
    /** What the API server said. */
    enum Answer {
        ALLOWED,
        DENIED,
        /** It was not asked yet, could not be reached, or could not tell. */
        UNKNOWN;

        public String code() {
            return name().toLowerCase(java.util.Locale.ROOT);
        }
    }

    /**
     * One right.
     *
     * @param why what the API server said to it, or why nothing is known; may be empty
     */
    record Asked(Right right, Answer answer, String why) {}

    /**
     * What one method needs.
     *
     * @param name {@code read} for all that only looks, {@code kubelet} for what verification asks kubelets, else the code of a rung
     */
    record Method(String name, List<Asked> rights) {
        public Method {
            rights = List.copyOf(rights);
        }

        /** {@link Answer#ALLOWED} only when every right is. */
        public Answer answer() {
            return has(Answer.DENIED) ? Answer.DENIED : has(Answer.UNKNOWN) ? Answer.UNKNOWN : Answer.ALLOWED;
        }

        /** {@code patch nodes, list pods}: those that are denied. */
        public String missing() {
            return having(Answer.DENIED).map(asked -> asked.right().toString()).collect(Collectors.joining(", "));
        }

        /** Why something is not known; empty when all is. */
        public String unknown() {
            return having(Answer.UNKNOWN).map(Asked::why).distinct().collect(Collectors.joining("; "));
        }

        private boolean has(Answer answer) {
            return having(answer).findAny().isPresent();
        }

        private Stream<Asked> having(Answer answer) {
            return rights.stream().filter(asked -> asked.answer() == answer);
        }
    }

    /**
     * All of it.
     *
     * @param at when the API server was asked last; null before the first time
     */
    record Report(@Nullable Instant at, List<Method> methods) {
        public Report {
            methods = List.copyOf(methods);
        }
    }

    /** From memory; asks nobody. */
    Report report();
}
