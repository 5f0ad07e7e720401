package dev.drawbridge.workflow;

import org.junit.jupiter.api.Nested;

/** Every path through every model. They are in one class so that its end knows what all of them covered. */
@WorkflowTest
class WorkflowPathsTest {
    @Nested
    class Straight extends StraightPaths {}

    @Nested
    class Triage extends TriagePaths {}

    @Nested
    class ContainmentDecided extends ContainmentPaths {}

    @Nested
    class Restored extends RestorePaths {}

    @Nested
    class Verified extends VerificationPaths {}

    @Nested
    class Returned extends ReturnPaths {}

    @Nested
    class Late extends LateAlertPaths {}

    @Nested
    class Beside extends BesidePaths {}
}
