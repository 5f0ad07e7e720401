package dev.drawbridge.workflow;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Every question that people may be asked, for tests of what explains the answers. */
public final class TaskKinds {
    private TaskKinds() {}

    /** Decisions by code of the kind. */
    public static Map<String, List<String>> decisions() {
        Map<String, List<String>> decisions = new TreeMap<>();
        Arrays.stream(TaskKind.values()).forEach(kind -> decisions.put(kind.code(), kind.decisions()));
        return decisions;
    }
}
