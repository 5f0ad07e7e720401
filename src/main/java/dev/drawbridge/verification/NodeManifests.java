package dev.drawbridge.verification;

import dev.drawbridge.node.FileType;
import dev.drawbridge.node.NodeAccessException;
import dev.drawbridge.node.NodeFiles;
import dev.drawbridge.node.NodeScan;
import dev.drawbridge.node.NodeUnreachableException;
import dev.drawbridge.node.ScannedFile;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.StaticPodManifest;
import dev.drawbridge.shared.StaticPodManifest.Reading;
import dev.drawbridge.shared.StaticPodManifest.Reading.StaticPod;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.springframework.stereotype.Component;

/** The manifests that lie on a node now, read from the node: what kubelet may run, whoever put it there. */
@Component
class NodeManifests {
    private static final int MOST = 200;

    private final NodeFiles files;

    NodeManifests(NodeFiles files) {
        this.files = files;
    }

    /**
     * @param pods by path as shown to people
     * @param unread files that kubelet may run and that could not be read as manifests, each with the reason
     */
    record Found(Map<String, StaticPod> pods, List<String> unread) {}

    /** @throws NodeUnreachableException when the connection breaks: the files after it would all say the same */
    Found in(NodeScan scan) {
        Map<String, StaticPod> pods = new TreeMap<>();
        List<String> unread = new ArrayList<>();
        int candidates = 0;
        for (ScannedFile file : scan.files()) {
            if (!StaticPodManifest.readByKubelet(file.path()) || ++candidates > MOST) {
                continue;
            }
            Reading reading = read(scan.node(), file);
            if (reading instanceof StaticPod pod) {
                pods.put(file.path().toString(), pod);
            } else if (reading instanceof Reading.NotReadable not) {
                unread.add(file.path() + ": " + not.reason());
            }
        }
        if (candidates > MOST) {
            unread.add((candidates - MOST) + " files beyond the first " + MOST);
        }
        return new Found(pods, unread);
    }

    private Reading read(NodeName node, ScannedFile file) {
        if (file.type() == FileType.SYMLINK || file.type() == FileType.UNSTABLE) {
            // kubelet follows links, Drawbridge does not
            return new Reading.NotReadable("a link, or it kept changing");
        }
        if (file.type() != FileType.FILE) {
            return new Reading.NoPod();
        }
        ByteArrayOutputStream content = new ByteArrayOutputStream();
        try {
            Optional<Digest> digest = files.read(node, file.path(), content, StaticPodManifest.MAX_BYTES);
            return digest.isPresent() && digest.get().equals(file.sha256())
                    ? StaticPodManifest.read(content.toByteArray())
                    : new Reading.NotReadable("it changed after the scan");
        } catch (NodeUnreachableException broken) {
            throw broken;
        } catch (NodeAccessException failed) {
            return new Reading.NotReadable(CheckText.reason(failed));
        }
    }
}
