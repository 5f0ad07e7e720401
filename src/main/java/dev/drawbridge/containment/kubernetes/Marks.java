package dev.drawbridge.containment.kubernetes;

import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.IncidentId;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** How containment shows on objects of the cluster. The values tell our work from everybody else's, and one incident's from another's. */
final class Marks {
    /**
     * Who we are in the record of fields that an API server keeps ({@code metadata.managedFields}): what a client's User-Agent begins with, unless the
     * request says otherwise.
     */
    static final String MANAGER = "drawbridge";

    /** Annotation beside our cordon; the incident. */
    static final String CORDONED_BY = "drawbridge.dev/cordoned-by";

    /** Key of our taint and of our label; the incident, as a label value. */
    static final String CONTAINED = "drawbridge.dev/contained";

    /**
     * Label of what is cut off from the network, and of the objects that do it; the uid of the node. It says where, and not for whom: what
     * selects by it works on when another incident takes over.
     */
    static final String ISOLATED = "drawbridge.dev/isolated";

    /** Annotation of an object that we created; the incident that holds it. */
    static final String INCIDENT = "drawbridge.dev/incident";

    /** Annotation of an object that we created; the node's name, for people. */
    static final String NODE = "drawbridge.dev/node";

    private static final Pattern LABEL_VALUE = Pattern.compile("[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?");
    private static final Pattern PRINTABLE = Pattern.compile("[A-Za-z0-9._-]{1,64}");
    private static final int HASH_LENGTH = 56;

    private Marks() {}

    /** The incident's id where a label may hold it; else a hash of it: ids may be longer than labels, and begin with a hyphen. */
    static String labelValue(IncidentId incident) {
        return LABEL_VALUE.matcher(incident.value()).matches()
                ? incident.value()
                : "sha256-" + Digest.ofText(incident.value()).hex().substring(0, HASH_LENGTH);
    }

    /** A value found on a node, for people; whoever may write nodes can write anything into an annotation. */
    static String shown(@Nullable String value) {
        return value != null && PRINTABLE.matcher(value).matches() ? value : "somebody else";
    }
}
