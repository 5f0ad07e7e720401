package dev.drawbridge.node.pod;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.springframework.stereotype.Component;

/** The helper pods that this process uses now. */
@Component
class OpenPods {
    private static final String UNKNOWN = "";

    private final Map<String, String> uids = new ConcurrentHashMap<>();

    /** Before it is asked for: from here on a sweep of this process leaves it alone. */
    void begin(String name) {
        uids.put(name, UNKNOWN);
    }

    void made(String name, String uid) {
        uids.put(name, uid);
    }

    void end(String name) {
        uids.remove(name);
    }

    boolean contains(String name) {
        return uids.containsKey(name);
    }

    boolean containsUid(String uid) {
        return !uid.equals(UNKNOWN) && uids.containsValue(uid);
    }
}
