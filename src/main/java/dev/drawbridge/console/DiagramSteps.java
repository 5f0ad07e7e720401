package dev.drawbridge.console;

import dev.drawbridge.workflow.WorkflowDiagrams;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import javax.xml.stream.XMLInputFactory;
import javax.xml.stream.XMLStreamConstants;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamReader;

/** A diagram in words, for whoever cannot see it or runs no script: the named elements that were reached, in the model's order. */
record DiagramSteps(String name, String title, String active, String completed, String failed, List<Step> steps) {
    private static final Set<String> NOT_A_STEP = Set.of("process", "sequenceFlow", "participant", "lane", "message");

    /** @param state {@code active}, {@code failed} or {@code done} */
    record Step(String name, String state) {}

    static DiagramSteps of(WorkflowDiagrams.Diagram diagram) {
        return new DiagramSteps(
                diagram.name(),
                diagram.title(),
                String.join(" ", diagram.active()),
                String.join(" ", diagram.completed()),
                String.join(" ", diagram.failed()),
                steps(diagram));
    }

    private static List<Step> steps(WorkflowDiagrams.Diagram diagram) {
        XMLInputFactory factory = XMLInputFactory.newFactory();
        // models come from directories too; none of them needs a document type
        factory.setProperty(XMLInputFactory.SUPPORT_DTD, false);
        factory.setProperty(XMLInputFactory.IS_SUPPORTING_EXTERNAL_ENTITIES, false);
        List<Step> steps = new ArrayList<>();
        try {
            XMLStreamReader xml = factory.createXMLStreamReader(new StringReader(diagram.xml()));
            while (xml.hasNext()) {
                if (xml.next() == XMLStreamConstants.START_ELEMENT) {
                    add(steps, diagram, xml);
                }
            }
            xml.close();
        } catch (XMLStreamException notReadable) {
            throw new IllegalStateException("the workflow " + diagram.name() + " is no XML", notReadable);
        }
        return List.copyOf(steps);
    }

    private static void add(List<Step> steps, WorkflowDiagrams.Diagram diagram, XMLStreamReader xml) {
        String id = xml.getAttributeValue(null, "id");
        String name = xml.getAttributeValue(null, "name");
        if (id == null || name == null || name.isBlank() || NOT_A_STEP.contains(xml.getLocalName())) {
            return;
        }
        if (diagram.failed().contains(id)) {
            steps.add(new Step(name, "failed"));
        } else if (diagram.active().contains(id)) {
            steps.add(new Step(name, "active"));
        } else if (diagram.completed().contains(id)) {
            steps.add(new Step(name, "done"));
        }
    }
}
