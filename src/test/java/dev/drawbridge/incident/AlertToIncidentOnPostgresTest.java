package dev.drawbridge.incident;

import dev.drawbridge.shared.TestDatabase;

class AlertToIncidentOnPostgresTest extends AlertToIncident {
    @Override
    TestDatabase database() {
        return TestDatabase.postgres();
    }
}
