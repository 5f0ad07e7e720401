package dev.drawbridge.alert;

import com.fasterxml.jackson.databind.JsonNode;
import dev.drawbridge.shared.NodePath;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** Knows the alert documents of one kind of detector. */
interface AlertDecoder {
    /** Last part of the address to post to. */
    String source();

    /** @throws Undecodable when the document cannot be an alert of this source */
    Alert decode(JsonNode document, Instant receivedAt) throws Undecodable;

    /** Keeps the claimed path exactly, because names on a node may hold anything but NUL. */
    static String path(@Nullable String claimed) throws Undecodable {
        if (claimed == null) {
            return "";
        }
        if (claimed.length() > NodePath.MAX_BYTES || !UntrustedText.storable(claimed)) {
            throw new Undecodable("the file's path is longer than a path can be, or holds NUL or half a character");
        }
        return claimed;
    }
}
