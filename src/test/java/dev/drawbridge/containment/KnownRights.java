package dev.drawbridge.containment;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Says what a test wants the API server to have said; by default it was not asked yet. */
public final class KnownRights implements ClusterRights {
    private static final Right PATCH = Right.core("patch", "nodes");

    private final List<Method> methods = new ArrayList<>();
    private @Nullable Instant at;

    /** What each method got for the right to patch nodes. */
    public void put(Instant asked, Map<String, Answer> answers, String why) {
        clear();
        at = asked;
        answers.forEach((name, answer) -> methods.add(new Method(name, List.of(new Asked(PATCH, answer, why)))));
    }

    public void clear() {
        at = null;
        methods.clear();
    }

    @Override
    public Report report() {
        return new Report(at, methods);
    }
}
