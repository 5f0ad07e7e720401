package dev.drawbridge.workflow;

import dev.drawbridge.shared.IncidentId;
import java.util.List;
import java.util.Set;

/** Diagrams with the place where an incident stands, for pages. */
public interface WorkflowDiagrams {
    /** The main workflow first, then each called one that was entered. */
    List<Diagram> of(IncidentId incident);

    /** @param xml the BPMN model; the sets hold ids of its elements */
    record Diagram(
            String name, String title, String xml, Set<String> active, Set<String> completed, Set<String> failed) {}
}
