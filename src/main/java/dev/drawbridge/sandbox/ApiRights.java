package dev.drawbridge.sandbox;

import dev.drawbridge.containment.Right;

/** What the clients of the sandbox's API server may do. It is asked for every request, on the server's thread, and by reviews of access. */
@FunctionalInterface
public interface ApiRights {
    /** The sandbox as it is: it authenticates nobody, and everybody may do everything. */
    ApiRights ALL = right -> true;

    boolean allow(Right right);
}
