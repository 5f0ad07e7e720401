package dev.drawbridge.node;

import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodePath;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A regular file in the quarantine of a node, as it was when it was moved there and still is.
 *
 * @param place name of its directory in the quarantine; the same content of the same path and incident may lie there more than once
 * @param mode permission bits (octal 07777)
 * @param modifiedAt seconds since the epoch
 */
public record Quarantined(String place, Digest content, int mode, long uid, long gid, long size, long modifiedAt) {
    private static final Pattern PLACE = Pattern.compile("[0-9a-f]{32}\\+{0,64}");

    private static final int ID_DIGITS = 32;

    public Quarantined {
        if (!PLACE.matcher(place).matches()) {
            throw new IllegalArgumentException("no place in a quarantine");
        }
        if (mode < 0 || mode > 07777 || uid < 0 || gid < 0 || size < 0) {
            throw new IllegalArgumentException("no owner, mode or size of a file");
        }
    }

    /**
     * The same file of the same incident goes to the same place: that is how a rerun knows its own work.
     *
     * @param content null for anything but a readable regular file
     */
    public static String id(IncidentId incident, NodePath path, @Nullable Digest content) {
        return Digest.ofText(incident + " " + path + " " + content).hex().substring(0, ID_DIGITS);
    }
}
