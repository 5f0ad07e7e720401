package dev.drawbridge.recovery;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drawbridge.baseline.BaselineRevision;
import dev.drawbridge.baseline.Drift;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.FileClass;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.NodePath;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class PlanHashTest {
    private static final NodeName NODE = NodeName.of("cp-1");
    private static final BaselineRevision REVISION = new BaselineRevision("c0ffee", "SHA256:x", "refs/tags/baseline");
    private static final RestorePlan.Step ROGUE =
            step("/etc/kubernetes/manifests/rogue.yaml", Drift.Kind.UNEXPECTED, FileAction.QUARANTINE, "rogue", null);
    private static final RestorePlan.Step EDITED = step(
            "/etc/kubernetes/manifests/kube-apiserver.yaml", Drift.Kind.MODIFIED, FileAction.RESTORE, "edited", "good");

    private static RestorePlan.Step step(
            String path, Drift.Kind drift, FileAction action, String before, @Nullable String after) {
        NodePath file = NodePath.of(path);
        return new RestorePlan.Step(
                file,
                drift,
                FileClass.of(file),
                action,
                Digest.ofText(before),
                after == null ? null : Digest.ofText(after),
                "why",
                "effect");
    }

    private static Digest hash(RestorePlan.Step... steps) {
        return PlanHash.of(NODE, REVISION, List.of(steps));
    }

    @Test
    void isTheSameWhereverAndWheneverItIsMade() {
        assertThat(hash(ROGUE, EDITED).hex())
                .isEqualTo("28d6808b7a4d32ced76e54ad8c61e987896e7c0941ddcbbd399b50c13bcbbd9c");
    }

    @Test
    void doesNotDependOnWordsForPeople() {
        RestorePlan.Step reworded = new RestorePlan.Step(
                EDITED.path(),
                EDITED.drift(),
                EDITED.fileClass(),
                EDITED.action(),
                EDITED.before(),
                EDITED.after(),
                "another why",
                "another effect");
        assertThat(hash(ROGUE, reworded)).isEqualTo(hash(ROGUE, EDITED));
        assertThat(PlanHash.of(NODE, new BaselineRevision("c0ffee", "SHA256:y", "refs/heads/main"), List.of(ROGUE)))
                .isEqualTo(hash(ROGUE));
    }

    @Test
    void changesWithEverythingThatIsDoneAndWithItsOrder() {
        List<Digest> hashes = new ArrayList<>();
        hashes.add(hash(ROGUE, EDITED));
        hashes.add(hash(EDITED, ROGUE));
        hashes.add(hash(ROGUE));
        hashes.add(hash(
                ROGUE, change(EDITED, "/etc/kubernetes/manifests/kube-apiserver.yam", FileAction.RESTORE, "good")));
        hashes.add(hash(ROGUE, change(EDITED, EDITED.path().toString(), FileAction.TASK, "good")));
        hashes.add(hash(ROGUE, change(EDITED, EDITED.path().toString(), FileAction.RESTORE, "other")));
        hashes.add(PlanHash.of(NodeName.of("cp-2"), REVISION, List.of(ROGUE, EDITED)));
        hashes.add(PlanHash.of(
                NODE, new BaselineRevision("c0ffef", "SHA256:x", "refs/tags/baseline"), List.of(ROGUE, EDITED)));
        assertThat(hashes).doesNotHaveDuplicates();
    }

    private static RestorePlan.Step change(RestorePlan.Step step, String path, FileAction action, String after) {
        return step(path, step.drift(), action, "edited", after);
    }
}
