package dev.drawbridge.workflow;

import dev.drawbridge.alert.Alert;
import dev.drawbridge.incident.Incidents;
import dev.drawbridge.recovery.Recovery;
import dev.drawbridge.shared.FileClass;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodePath;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import org.springframework.stereotype.Component;

/** Which credentials an incident disclosed: changed ones, and those that an alert named, changed back or not. */
@Component
class Exposure {
    private static final Set<FileClass> CREDENTIALS =
            Set.of(FileClass.CA_KEY, FileClass.LEAF_KEY, FileClass.KUBECONFIG);

    private final Recovery recovery;
    private final Incidents incidents;

    Exposure(Recovery recovery, Incidents incidents) {
        this.recovery = recovery;
        this.incidents = incidents;
    }

    SortedSet<NodePath> of(IncidentId incident) {
        SortedSet<NodePath> exposed = new TreeSet<>(recovery.exposedCredentials(incident));
        incidents.alerts(incident).stream()
                .map(Alert::normalisedPath)
                .flatMap(Optional::stream)
                .filter(path -> CREDENTIALS.contains(FileClass.of(path)))
                .forEach(exposed::add);
        return exposed;
    }
}
