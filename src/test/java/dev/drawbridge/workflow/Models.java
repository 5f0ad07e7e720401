package dev.drawbridge.workflow;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.camunda.bpm.model.bpmn.Bpmn;
import org.camunda.bpm.model.bpmn.BpmnModelInstance;
import org.camunda.bpm.model.bpmn.instance.ServiceTask;

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

    /** Ids of all service tasks with a job of their own, sorted. */
    static List<String> asynchronousServiceTasks() {
        return all().stream()
                .flatMap(model -> model.getModelElementsByType(ServiceTask.class).stream())
                .filter(ServiceTask::isCamundaAsyncBefore)
                .map(ServiceTask::getId)
                .sorted()
                .toList();
    }
}
