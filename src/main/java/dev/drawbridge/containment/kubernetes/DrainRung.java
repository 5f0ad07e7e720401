package dev.drawbridge.containment.kubernetes;

import dev.drawbridge.containment.Rung;
import dev.drawbridge.shared.IncidentId;
import io.fabric8.kubernetes.api.model.Node;
import java.util.Optional;
import org.springframework.stereotype.Component;

/**
 * Every pod that comes back elsewhere is asked to end. What is evicted is not brought back by a release: its controllers did that long
 * ago.
 */
@Component
class DrainRung implements ObjectRung {
    private final Evictor evictor;

    DrainRung(Evictor evictor) {
        this.evictor = evictor;
    }

    @Override
    public Rung rung() {
        return Rung.DRAIN;
    }

    @Override
    public Optional<String> unsupported(Node node) {
        return evictor.unsupported();
    }

    @Override
    public Look toApply(Target target) {
        return evictor.look(target, new Evictor.Meant("", pod -> true));
    }

    @Override
    public Look toUndo(Target target) {
        return new Look.Foreign("nothing to undo: what was evicted was started again elsewhere by its controllers");
    }

    @Override
    public Look toHandOver(Target target, IncidentId heir) {
        return toUndo(target);
    }
}
