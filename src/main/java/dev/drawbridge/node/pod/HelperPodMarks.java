package dev.drawbridge.node.pod;

import dev.drawbridge.node.AccessPods;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/** By namespace and label: a label alone could be given to any pod, to be spared. */
@Component
class HelperPodMarks implements AccessPods {
    private final NodePodProperties settings;
    private final OpenPods open;

    HelperPodMarks(NodePodProperties settings, OpenPods open) {
        this.settings = settings;
        this.open = open;
    }

    @Override
    public boolean inUse(String uid) {
        return open.containsUid(uid);
    }

    @Override
    public boolean includes(@Nullable String namespace, @Nullable Map<String, String> labels) {
        return settings.image() != null
                && settings.namespace().equals(namespace)
                && labels != null
                && labels.containsKey(HelperPod.HELPER);
    }
}
