package dev.drawbridge.playbook;

import dev.drawbridge.alert.Alert;
import java.util.List;
import java.util.Optional;

/** All playbooks that were valid at start, and every version that an incident still uses. */
public interface PlaybookCatalogue {
    List<Playbook> all();

    /** The playbook that answers the rule of this alert; paths and exclusions are not judged here. */
    Optional<Playbook> match(Alert alert);

    /** A version that some incident was started with, also after the file was replaced. */
    Playbook get(String name, String version);

    /** The exclusion that applies to an alert, if any. */
    Optional<Playbook.Exclusion> exclusionFor(Playbook playbook, Alert alert);
}
