package dev.drawbridge.workflow;

import dev.drawbridge.shared.IncidentId;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The shipped models with marks that a test sets. */
public final class KnownDiagrams implements WorkflowDiagrams {
    private final Map<IncidentId, List<Diagram>> diagrams = new HashMap<>();

    public void put(
            IncidentId incident,
            String workflow,
            String title,
            Set<String> active,
            Set<String> completed,
            Set<String> failed) {
        diagrams.computeIfAbsent(incident, none -> new ArrayList<>())
                .add(new Diagram(workflow, title, model(workflow), active, completed, failed));
    }

    public void clear() {
        diagrams.clear();
    }

    @Override
    public List<Diagram> of(IncidentId incident) {
        return List.copyOf(diagrams.getOrDefault(incident, List.of()));
    }

    private static String model(String workflow) {
        try {
            return Files.readString(Path.of("workflows", workflow + ".bpmn"));
        } catch (IOException missing) {
            throw new UncheckedIOException(missing);
        }
    }
}
