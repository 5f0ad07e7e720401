package dev.drawbridge.workflow;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Nested;
import org.springframework.beans.factory.annotation.Autowired;

/** Every path through every model. They are in one class so that its end knows what all of them covered. */
@WorkflowTest
class WorkflowPathsTest {
    @AfterAll
    static void everyElementOfEveryModelWasEntered(@Autowired Coverage coverage) {
        coverage.assertComplete(Models.all());
    }

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

    @Nested
    class Aborted extends AbortPaths {}

    @Nested
    class Failed extends FailedStepPaths {}

    @Nested
    class Ahead extends HeadStartPaths {}

    @Nested
    class Quarantined extends QuarantinePaths {}

    @Nested
    class Seen extends EnginePaths {}
}
