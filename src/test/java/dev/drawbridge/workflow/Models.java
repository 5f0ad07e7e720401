package dev.drawbridge.workflow;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.camunda.bpm.model.bpmn.Bpmn;
import org.camunda.bpm.model.bpmn.BpmnModelInstance;

/** The models that ship. */
final class Models {
    private Models() {}

    static List<Path> files(String end) {
        try (Stream<Path> files = Files.list(Path.of("workflows"))) {
            return files.filter(file -> file.toString().endsWith(end)).sorted().toList();
        } catch (IOException disk) {
            throw new UncheckedIOException(disk);
        }
    }

    static List<BpmnModelInstance> all() {
        return files(".bpmn").stream()
                .map(file -> Bpmn.readModelFromFile(file.toFile()))
                .toList();
    }
}
