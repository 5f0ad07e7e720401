package dev.drawbridge.evidence;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;

/** A bag as RFC 8493 describes it, read by code that shares nothing with what wrote it. */
public final class Bags {
    private final String name;
    private final Map<String, byte[]> files;

    private Bags(String name, Map<String, byte[]> files) {
        this.name = name;
        this.files = files;
    }

    public static Bags read(byte[] zip) throws IOException {
        Map<String, byte[]> files = new TreeMap<>();
        Set<String> names = new java.util.TreeSet<>();
        try (ZipInputStream in = new ZipInputStream(new ByteArrayInputStream(zip))) {
            for (ZipEntry entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
                int slash = entry.getName().indexOf('/');
                names.add(entry.getName().substring(0, slash));
                assertThat(files.put(entry.getName().substring(slash + 1), in.readAllBytes()))
                        .as("a second " + entry.getName())
                        .isNull();
            }
        }
        assertThat(names).as("one directory on the top level").hasSize(1);
        return new Bags(names.iterator().next(), files);
    }

    public String name() {
        return name;
    }

    public Set<String> files() {
        return files.keySet();
    }

    public String text(String file) {
        return new String(files.get(file), StandardCharsets.UTF_8);
    }

    public List<String> lines(String file) {
        return text(file).lines().toList();
    }

    /** What is wrong with it; empty for a bag that is complete and valid (RFC 8493, 3). */
    public List<String> problems() throws Exception {
        List<String> problems = new ArrayList<>();
        if (!text("bagit.txt").equals("BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n")) {
            problems.add("bagit.txt");
        }
        Set<String> payload =
                files().stream().filter(file -> file.startsWith("data/")).collect(Collectors.toSet());
        check(problems, "manifest-sha256.txt", payload);
        Set<String> tags = files().stream()
                .filter(file -> !file.startsWith("data/") && !file.startsWith("tagmanifest-"))
                .collect(Collectors.toSet());
        check(problems, "tagmanifest-sha256.txt", tags);
        long bytes = payload.stream().mapToLong(file -> files.get(file).length).sum();
        if (!lines("bag-info.txt").contains("Payload-Oxum: " + bytes + "." + payload.size())) {
            problems.add("Payload-Oxum");
        }
        return problems;
    }

    private void check(List<String> problems, String manifest, Set<String> expected) throws Exception {
        Map<String, String> listed = new TreeMap<>();
        for (String line : lines(manifest)) {
            String[] parts = line.split("\\s+", 2);
            String file = parts[1].replace("%0A", "\n").replace("%0D", "\r").replace("%25", "%");
            listed.put(file, parts[0]);
        }
        if (!listed.keySet().equals(expected)) {
            problems.add(manifest + " lists " + listed.keySet() + ", there are " + expected);
        }
        for (Map.Entry<String, String> entry : listed.entrySet()) {
            byte[] content = files.getOrDefault(entry.getKey(), new byte[0]);
            String digest = HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(content));
            if (!digest.equals(entry.getValue())) {
                problems.add(entry.getKey() + " has another digest");
            }
        }
    }
}
