package dev.drawbridge.evidence;

import dev.drawbridge.shared.Digest;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.zip.Deflater;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * Writes a bag (RFC 8493, BagIt 1.0) into a ZIP, entry by entry. Names must be plain ({@link #safe}): the RFC wants a percent sign and
 * line ends encoded in manifests, {@code sha256sum -c} takes them literally, and with names that need no encoding both are right.
 * Plain names also mean the same on every file system, and lead nowhere else.
 */
final class BagWriter {
    private static final int BUFFER = 64 * 1024;
    private static final int LONGEST = 80;
    private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._=-]*(/[A-Za-z0-9][A-Za-z0-9._=-]*)*");

    private final ZipOutputStream zip;
    private final String name;
    private final LocalDateTime at;
    private final StringBuilder manifest = new StringBuilder();
    private final StringBuilder tags = new StringBuilder();
    private long payloadBytes;
    private long payloadFiles;

    /**
     * @param out is not closed
     * @param name of the bag's directory, the only thing on the top level
     * @param at time of every entry
     */
    BagWriter(OutputStream out, String name, Instant at) throws IOException {
        this.zip = new ZipOutputStream(out, StandardCharsets.UTF_8);
        // somebody waits for it, and much of it is small
        zip.setLevel(Deflater.BEST_SPEED);
        this.name = plain(name);
        this.at = LocalDateTime.ofInstant(at, ZoneOffset.UTC);
        tag("bagit.txt", "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n");
    }

    /** A name of any bytes as one that is safe everywhere: every byte that is not plain as {@code =hh}, and never too long. */
    static String safe(byte[] raw) {
        StringBuilder out = new StringBuilder();
        for (byte b : raw) {
            int value = b & 0xff;
            boolean plain = value >= '0' && value <= '9'
                    || value >= 'A' && value <= 'Z'
                    || value >= 'a' && value <= 'z'
                    || value == '.'
                    || value == '_'
                    || value == '-';
            String shown = plain ? String.valueOf((char) value) : String.format("=%02x", value);
            if (out.length() + shown.length() > LONGEST) {
                break;
            }
            out.append(shown);
        }
        return out.toString();
    }

    /**
     * Copies content into the payload.
     *
     * @param expected goes into the manifest: when the content is another one by now, verifying the bag must say so
     * @return digest of what was copied
     */
    Digest payload(String path, Digest expected, InputStream content) throws IOException {
        Digest found = copy("data/" + path, content);
        line(manifest, expected, "data/" + path);
        return found;
    }

    private Digest copy(String path, InputStream content) throws IOException {
        begin(path);
        MessageDigest digest = Digest.sha256();
        byte[] buffer = new byte[BUFFER];
        for (int n = content.read(buffer); n >= 0; n = content.read(buffer)) {
            digest.update(buffer, 0, n);
            zip.write(buffer, 0, n);
            payloadBytes += n;
        }
        zip.closeEntry();
        payloadFiles++;
        return Digest.of(digest);
    }

    /** Writes a tag file: about the payload, not part of it. */
    void tag(String path, String text) throws IOException {
        entry(path, text);
        line(tags, Digest.ofText(text), path);
    }

    /**
     * Completes bag and ZIP.
     *
     * @param info for {@code bag-info.txt}; values of one line
     * @return digest of the tag manifest, which names the manifest and so everything in the bag
     */
    Digest finish(Map<String, String> info) throws IOException {
        Map<String, String> all = new TreeMap<>(info);
        all.put("Payload-Oxum", payloadBytes + "." + payloadFiles);
        StringBuilder text = new StringBuilder();
        all.forEach((label, value) -> text.append(label)
                .append(": ")
                .append(value.replaceAll("[\\r\\n]+", " "))
                .append('\n'));
        tag("bag-info.txt", text.toString());
        tag("manifest-sha256.txt", manifest.toString());
        String tagManifest = tags.toString();
        entry("tagmanifest-sha256.txt", tagManifest);
        zip.finish();
        return Digest.ofText(tagManifest);
    }

    private void entry(String path, String text) throws IOException {
        begin(path);
        zip.write(text.getBytes(StandardCharsets.UTF_8));
        zip.closeEntry();
    }

    private void begin(String path) throws IOException {
        ZipEntry entry = new ZipEntry(name + "/" + plain(path));
        entry.setTimeLocal(at);
        zip.putNextEntry(entry);
    }

    /** As {@code sha256sum} writes it. */
    private static void line(StringBuilder manifest, Digest digest, String path) {
        manifest.append(digest.hex()).append("  ").append(path).append('\n');
    }

    private static String plain(String path) {
        if (!PLAIN.matcher(path).matches()) {
            throw new IllegalArgumentException("not a plain name");
        }
        return path;
    }
}
