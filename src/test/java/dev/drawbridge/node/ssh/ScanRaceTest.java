package dev.drawbridge.node.ssh;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.drawbridge.node.FileType;
import dev.drawbridge.node.NodeScan;
import dev.drawbridge.node.ScannedFile;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.NodePath;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Somebody changes the tree between the listing of a scan and its digests. */
class ScanRaceTest {
    private static final String PKI = "/etc/kubernetes/pki";

    @TempDir
    Path temp;

    /** What a scan says when this runs, once, before the first digest is made: type, or the digest of a file. */
    private Map<String, String> scanned(String meanwhile) throws Exception {
        Path bin = Files.createDirectories(temp.resolve("bin"));
        Path wrapper = Files.writeString(
                bin.resolve("sha256sum"),
                "#!/bin/sh\nPATH=/usr/bin:/bin\n"
                        // the script tries first whether there is an option
                        + "if [ $# -gt 1 ] && [ ! -e '" + temp.resolve("done") + "' ]; then >'" + temp.resolve("done")
                        + "'; cd '" + temp.resolve("root") + PKI + "' || exit 1; " + meanwhile
                        + " || exit 1; fi\nexec sha256sum \"$@\"\n");
        Files.setPosixFilePermissions(wrapper, PosixFilePermissions.fromString("rwxr-xr-x"));
        try (TestNode node = TestNode.with(temp, "PATH=" + bin + ":/usr/bin:/bin; export PATH; ")) {
            for (String name : List.of("a", "b", "still")) {
                node.put(PKI + "/" + name, name.getBytes(UTF_8));
            }
            node.put("/etc/elsewhere/old", "old".getBytes(UTF_8));
            node.put("/etc/elsewhere-file", "old".getBytes(UTF_8));
            NodeScan scan = node.files().scan(TestNode.NAME, List.of(NodePath.of(PKI)));
            Map<String, String> found = new TreeMap<>();
            for (ScannedFile file : scan.files()) {
                assertThat(found.put(file.path().toString(), shown(file))).isNull();
            }
            assertThat(temp.resolve("done")).exists();
            return found;
        }
    }

    private static String shown(ScannedFile file) {
        return file.type() == FileType.FILE
                ? String.valueOf(file.sha256())
                : file.type().name();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "printf x >a|a",
                "printf a >a|a",
                "chmod 600 a|a",
                "touch -d 2020-01-01 a|a",
                "rm a|a",
                "printf a >new; mv new a|a",
                "mv a c|a c",
                "mv a c; mv b a; mv c b|a b",
                "ln a c|a c",
                "printf x >new|new",
                "mv ../../elsewhere-file new|new",
                "mkdir new; printf x >new/er|new new/er",
                "rm a; ln -s b a|a"
            })
    void whatChangedIsSaidToChangeAndNothingElse(String meanwhile, String changed) throws Exception {
        Map<String, String> found = scanned(meanwhile);
        List<String> unstable =
                Arrays.stream(changed.split(" ")).map(name -> PKI + "/" + name).toList();
        assertThat(unstable).allSatisfy(path -> assertThat(found).containsEntry(path, "UNSTABLE"));
        assertThat(found)
                .containsEntry(PKI + "/still", Digest.ofText("still").toString())
                .allSatisfy((path, is) -> {
                    if (is.equals("UNSTABLE") && !path.equals(PKI)) {
                        assertThat(unstable).contains(path);
                    }
                });
    }

    @Test
    void oldFilesThatArriveWithTheirDirectoryLeaveTheWholeRootInDoubt() throws Exception {
        Map<String, String> found = scanned("mv ../../elsewhere new");
        assertThat(found).containsEntry(PKI, "UNSTABLE").containsEntry(PKI + "/new", "UNSTABLE");
    }

    @Test
    void nothingThatMovesIsStable() throws Exception {
        assertThat(scanned("true")).containsEntry(PKI, "DIRECTORY").doesNotContainValue("UNSTABLE");
    }
}
