package dev.drawbridge.node;

import dev.drawbridge.guardrail.Permit;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.NodePath;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Files of which a test answers what it expects to be asked; every other call is a fault, above all the writing ones. */
public abstract class UnaskedFiles implements NodeFiles {
    private static UnsupportedOperationException unasked() {
        return new UnsupportedOperationException("this test does not expect that");
    }

    @Override
    public NodeScan scan(NodeName node, List<NodePath> roots) {
        throw unasked();
    }

    @Override
    public Optional<Digest> read(NodeName node, NodePath path, OutputStream sink, long limit) {
        throw unasked();
    }

    /** None, so that each is read by itself. */
    @Override
    public Map<NodePath, byte[]> readTogether(NodeName node, List<ScannedFile> files) {
        return Map.of();
    }

    @Override
    public WriteOutcome write(NodeName node, Permit permit, FileWrite write, InputStream content) {
        throw unasked();
    }

    @Override
    public boolean writeTogether(NodeName node, List<Permit> permits, WriteBatch batch) {
        throw unasked();
    }

    @Override
    public Optional<NodePath> staging() {
        throw unasked();
    }

    @Override
    public WriteOutcome quarantine(NodeName node, Permit permit, NodePath path, @Nullable Digest expected) {
        throw unasked();
    }

    @Override
    public Optional<Quarantined> quarantined(NodeName node, IncidentId incident, NodePath path, Digest content) {
        throw unasked();
    }

    @Override
    public WriteOutcome putBack(NodeName node, Permit permit, NodePath path, Quarantined file) {
        throw unasked();
    }

    @Override
    public Optional<NodePath> place(Quarantined file) {
        throw unasked();
    }
}
