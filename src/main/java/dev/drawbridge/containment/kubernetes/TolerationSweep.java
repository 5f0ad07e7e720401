package dev.drawbridge.containment.kubernetes;

import dev.drawbridge.containment.Rung;
import dev.drawbridge.shared.IncidentId;
import io.fabric8.kubernetes.api.model.Node;
import java.util.List;
import java.util.Optional;
import org.springframework.stereotype.Component;

/**
 * What comes after the taint where not every toleration of it is allowed: a pod that may not stay by its toleration is evicted, as the taint
 * would have done. Whoever may create pods can let them tolerate everything.
 */
@Component
class TolerationSweep {
    private final Evictor evictor;
    private final List<Tolerated> allowed;

    TolerationSweep(Evictor evictor, ContainmentProperties properties) {
        this.evictor = evictor;
        this.allowed = properties.taint().tolerations();
    }

    /** Whether there is anything to look for. */
    boolean wanted() {
        return allowed.stream().noneMatch(Tolerated::everything);
    }

    /** As what follows the taint: it is undone with it. */
    ObjectRung sequel() {
        return new ObjectRung() {
            @Override
            public Rung rung() {
                return Rung.TAINT;
            }

            @Override
            public Optional<String> unsupported(Node node) {
                return evictor.unsupported();
            }

            @Override
            public Look toApply(Target target) {
                String mark = Marks.labelValue(target.incident());
                return evictor.look(
                        target,
                        new Evictor.Meant(
                                "taint " + Marks.CONTAINED + "=" + mark
                                        + "; pods that may not stay by their toleration: ",
                                pod -> Tolerated.unasked(pod, mark, allowed)));
            }

            @Override
            public Look toUndo(Target target) {
                throw new UnsupportedOperationException("the taint is undone as a change of the node");
            }

            @Override
            public Look toHandOver(Target target, IncidentId heir) {
                return toUndo(target);
            }
        };
    }
}
