package dev.drawbridge.baseline;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.eclipse.jgit.revwalk.RevCommit;
import org.eclipse.jgit.revwalk.RevObject;
import org.eclipse.jgit.revwalk.RevTag;
import org.eclipse.jgit.util.RawParseUtils;

/** What a signature in a tag or commit is made of: the whole object without the signature (gitformat-signature(5)). */
final class SignedContent {
    private static final byte[] HEADER = "gpgsig".getBytes(StandardCharsets.US_ASCII);

    private SignedContent() {}

    /** @param signed tag or commit that has a signature and its body parsed */
    static byte[] of(RevObject signed) {
        if (signed instanceof RevTag tag) {
            byte[] whole = tag.getRawBuffer();
            // a tag ends with its signature
            return Arrays.copyOf(whole, whole.length - tag.getRawGpgSignature().length);
        }
        byte[] whole = ((RevCommit) signed).getRawBuffer();
        int value = RawParseUtils.headerStart(HEADER, whole, 0);
        if (value < 0) {
            throw new IllegalArgumentException("a commit without a signature");
        }
        int line = value - HEADER.length - 1;
        int end = RawParseUtils.nextLfSkippingSplitLines(whole, value);
        ByteArrayOutputStream rest = new ByteArrayOutputStream(whole.length);
        rest.write(whole, 0, line);
        // the line end of the header belongs to the header
        rest.write(whole, Math.min(end + 1, whole.length), Math.max(0, whole.length - end - 1));
        return rest.toByteArray();
    }
}
