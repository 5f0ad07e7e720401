package dev.drawbridge.workflow;

import org.junit.jupiter.api.Nested;

/** Every path through every model. They are in one class so that its end knows what all of them covered. */
@WorkflowTest
class WorkflowPathsTest {
    @Nested
    class Straight extends StraightPaths {}
}
