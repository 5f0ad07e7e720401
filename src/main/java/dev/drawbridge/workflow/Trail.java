package dev.drawbridge.workflow;

import dev.drawbridge.audit.AuditEntry;
import dev.drawbridge.audit.AuditTrail;
import dev.drawbridge.shared.IncidentId;
import java.util.List;
import java.util.stream.Stream;

/** Everything that is written down about an incident, oldest first, read page by page: rules that look back must not look at a part. */
final class Trail {
    private static final int PAGE = 500;

    private Trail() {}

    static Stream<AuditEntry> of(AuditTrail audit, IncidentId incident) {
        return Stream.iterate(
                        audit.timeline(incident, 0, PAGE),
                        page -> !page.isEmpty(),
                        page -> audit.timeline(
                                incident, page.get(page.size() - 1).seq(), PAGE))
                .flatMap(List::stream);
    }
}
