package dev.drawbridge.incident;

import dev.drawbridge.shared.TestDatabase;

class AlertToIncidentOnH2Test extends AlertToIncident {
    @Override
    TestDatabase database() {
        return TestDatabase.h2();
    }
}
