package dev.drawbridge.containment;

import dev.drawbridge.shared.NodeName;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What a test says that the cluster holds about its one node; nothing at first. */
public final class KnownClusterRecords implements ClusterRecords {
    public @Nullable Document node;
    public final List<Document> pods = new ArrayList<>();
    public final List<Document> events = new ArrayList<>();
    public boolean complete = true;
    /** Thrown instead of any answer. */
    public @Nullable RuntimeException down;

    private void answer() {
        if (down != null) {
            throw down;
        }
    }

    @Override
    public Optional<Document> node(NodeName name) {
        answer();
        return Optional.ofNullable(node);
    }

    @Override
    public Documents mirrorPods(NodeName name) {
        answer();
        return new Documents(pods, complete);
    }

    @Override
    public Documents events(NodeName name, List<Document> asked) {
        answer();
        return new Documents(events, complete);
    }
}
