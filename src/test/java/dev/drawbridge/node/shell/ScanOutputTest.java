package dev.drawbridge.node.shell;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drawbridge.node.FileType;
import dev.drawbridge.node.NodeAccessException;
import dev.drawbridge.node.ScannedFile;
import dev.drawbridge.node.ScannedFiles;
import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.NodePath;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.AbstractList;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a node may print, from few entries to more than lie in memory. */
class ScanOutputTest {
    private static final NodePath ROOT = NodePath.of("/etc/kubernetes");
    private static final NodePath WORK = NodePath.of("/etc/kubernetes/.drawbridge");
    private static final int MOST = 20_000;
    private static final int MANY = 5_000;
    /** As many files as find gives to one command. */
    private static final int BATCH = 700;

    /** As many entries as may come by default. */
    private static final int DEFAULT = 200_000;

    private static final long MEBIBYTE = 1 << 20;

    private ScanOutput output = scan(MOST);

    private static ScanOutput scan(int maxEntries) {
        return new ScanOutput("/root", List.of(ROOT), WORK, maxEntries, new ScanRoom(maxEntries));
    }

    @AfterEach
    void nobodyReadsIt() {
        output.discard();
    }

    /** @param state of its inode in both listings */
    private record Listed(String name, int inode, int state) {
        static Listed of(int number) {
            return new Listed("f" + number, number, 1);
        }

        Listed changed() {
            return new Listed(name, inode, state + 1);
        }

        Listed renamed(String other) {
            return new Listed(other, inode, state + 1);
        }

        /** As a whole directory brings it along. */
        Listed moved(String other) {
            return new Listed(other, inode, state);
        }

        NodePath path() {
            return ROOT.resolve(name);
        }

        Digest digest() {
            return Digest.ofText(name);
        }

        ScannedFile found() {
            return new ScannedFile(path(), FileType.FILE, 0640, 1, 2, 3, 4, 1, digest(), null);
        }
    }

    private static List<Listed> listing(int files) {
        List<Listed> listing =
                new ArrayList<>(IntStream.range(0, files).mapToObj(Listed::of).toList());
        // no directory is in the order of its names
        Collections.shuffle(listing, new Random(1));
        return listing;
    }

    private void say(String... fields) {
        for (String field : fields) {
            byte[] bytes = (field + "\0").getBytes(ISO_8859_1);
            output.write(bytes, 0, bytes.length);
        }
    }

    private void first(List<Listed> listing) {
        say("U", "root:x:0:0::/:/bin/sh\n", "W", "", "G");
        for (int from = 0; from < listing.size(); from += BATCH) {
            List<Listed> batch = listing.subList(from, Math.min(listing.size(), from + BATCH));
            batch.forEach(one -> say(
                    "f",
                    "640",
                    "1",
                    "2",
                    "3",
                    "4.5",
                    one.state() + ".0",
                    "8 " + one.inode(),
                    "1",
                    "",
                    "/root" + one.path()));
            batch.stream()
                    .filter(one -> !one.name().startsWith("unreadable"))
                    .forEach(one -> say(one.digest() + "  /root" + one.path()));
        }
    }

    /** What changed is young, and so named. */
    private void again(List<Listed> listing, List<Listed> young) {
        say("AGAIN");
        listing.forEach(
                one -> say("8 " + one.inode(), one.state() + ".0 3", young.contains(one) ? "/root" + one.path() : ""));
        say("END");
    }

    private List<ScannedFile> files() {
        try (ScannedFiles files = output.files()) {
            List<ScannedFile> once = files.stream().toList();
            assertThat(files).as("as often as need be").containsExactlyElementsOf(once);
            return once;
        }
    }

    private static List<ScannedFile> found(List<Listed> listing) {
        return listing.stream()
                .map(Listed::found)
                .sorted(java.util.Comparator.comparing(ScannedFile::path))
                .toList();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 1_024, 1_025, 2_048, MANY})
    void whatIsInBothListingsIsFoundInTheOrderOfThePaths(int files) {
        List<Listed> listing = listing(files);
        first(listing);
        again(listing, List.of());
        assertThat(files()).isEqualTo(found(listing));
    }

    @Test
    void whatChangesAmongManyIsUnstableAndNothingElse() {
        List<Listed> listing = listing(MANY);
        List<Listed> later = new ArrayList<>(listing);
        Listed changed = later.get(10);
        Listed removed = later.get(2_000);
        Listed renamed = later.get(3_000);
        Listed appeared = new Listed("new", MANY, 9);
        Listed elsewhere = renamed.renamed("a-new-name");
        later.set(10, changed.changed());
        later.set(3_000, elsewhere);
        later.add(1_000, appeared);
        later.remove(removed);
        first(listing);
        again(later, List.of(changed.changed(), elsewhere, appeared));

        List<ScannedFile> files = files();
        assertThat(files)
                .filteredOn(file -> file.type() == FileType.UNSTABLE)
                .extracting(ScannedFile::path)
                .containsExactlyInAnyOrder(
                        changed.path(), removed.path(), renamed.path(), elsewhere.path(), appeared.path());
        assertThat(files)
                .hasSize(MANY + 2)
                .filteredOn(file -> file.type() == FileType.FILE)
                .allSatisfy(file -> assertThat(file.sha256())
                        .isEqualTo(Digest.ofText(file.path().name())));
    }

    @Test
    void anotherOrderOfTheSecondListingChangesNothing() {
        List<Listed> listing = listing(MANY);
        first(listing);
        again(
                listing.stream()
                        .sorted(java.util.Comparator.comparing(Listed::inode))
                        .toList(),
                listing.subList(0, 7));
        assertThat(files()).isEqualTo(found(listing));
    }

    @Test
    void twoNamesOfOneFileAreTwoEntriesAndBothMustStay() {
        Listed one = Listed.of(1);
        Listed two = new Listed("second", 1, 1);
        first(List.of(one, Listed.of(3), two));
        again(List.of(Listed.of(3), one.changed()), List.of(one.changed()));
        assertThat(files())
                .extracting(file -> file.path().name() + " " + file.type())
                .containsExactly("f1 UNSTABLE", "f3 FILE", "second UNSTABLE");
    }

    @Test
    void oldFilesThatComeWithTheirDirectoryLeaveTheRootInDoubt() {
        List<Listed> listing = listing(MANY);
        List<Listed> later = new ArrayList<>(listing);
        later.add(MANY / 2, new Listed("old", MANY, 1));
        first(listing);
        again(later, List.of());
        assertThat(files())
                .hasSize(MANY + 1)
                .filteredOn(file -> file.type() == FileType.UNSTABLE)
                .extracting(ScannedFile::path)
                .containsExactly(ROOT);
    }

    @ParameterizedTest
    @CsvSource({
        "f, 81a0, FILE",
        "d, 41a0, DIRECTORY",
        "l, a1a0, SYMLINK",
        "p, 11a0, FIFO",
        "s, c1a0, SOCKET",
        "c, 21a0, CHARACTER_DEVICE",
        "b, 61a0, BLOCK_DEVICE",
        "D, 31a0, UNSTABLE"
    })
    void everyKindOfEntryIsToldFromTheOthersByEitherFind(String letter, String mode, FileType type) {
        String target = type == FileType.SYMLINK ? "there" : "";
        say("U", "", "W", "", "G");
        say(letter, "640", "1", "2", "3", "4.5", "1.0", "8 1", "1", target, "/root" + ROOT + "/a");
        say("AGAIN", "8 1", "1.0 3", "", "END");
        ScanOutputTest portable = new ScanOutputTest();
        portable.say("U", "", "W", "", "P");
        portable.say(mode + " 1 2 3 4 5 6 1", "", target, "/root" + ROOT + "/a", "END");
        List<ScannedFile> found = files();
        assertThat(found).singleElement().satisfies(file -> {
            assertThat(file.type()).isEqualTo(type);
            assertThat(file.mode()).isEqualTo(0640);
            assertThat(file.sha256()).isNull();
        });
        assertThat(portable.files()).isEqualTo(found);
    }

    @Test
    void aFileWithoutDigestIsUnreadableAndItsNeighboursAreNot() {
        List<Listed> listing = Stream.of("a", "unreadable-1", "b", "unreadable-2")
                .map(name -> new Listed(name, name.hashCode(), 1))
                .toList();
        first(listing);
        again(listing, List.of());
        assertThat(files())
                .extracting(file -> file.path().name() + " " + file.unreadable())
                .containsExactly("a false", "b false", "unreadable-1 true", "unreadable-2 true");
    }

    @Test
    void digestsOfWhatWasNotListedAreNobodys() {
        say("U", "", "W", "", "G");
        say("f", "640", "1", "2", "3", "4.5", "1.0", "8 1", "1", "", "/root/etc/kubernetes/a");
        say(Digest.ofText("x") + "  /root/etc/kubernetes/b", Digest.ofText("a") + "  /root/etc/kubernetes/a");
        say("AGAIN", "8 1", "1.0 3", "", "END");
        assertThat(files()).singleElement().extracting(ScannedFile::sha256).isEqualTo(Digest.ofText("a"));
    }

    @Test
    void aPathThatComesTwiceIsOfTwoMinds() {
        Listed one = Listed.of(1);
        first(List.of(one, new Listed("f1", 2, 1)));
        again(List.of(one, new Listed("f1", 2, 1)), List.of());
        assertThat(files()).singleElement().satisfies(file -> {
            assertThat(file.path()).isEqualTo(one.path());
            assertThat(file.type()).isEqualTo(FileType.UNSTABLE);
        });
    }

    @Test
    void ourOwnDirectoryIsLeftOutAndExplainsItself() {
        List<Listed> listing = List.of(new Listed(".drawbridge/quarantine/x", 1, 1), Listed.of(2));
        first(listing);
        again(listing, List.of());
        assertThat(files())
                .extracting(ScannedFile::path)
                .containsExactly(Listed.of(2).path());
    }

    @Test
    void whereFindTurnsOutToBeAnotherOneWhatItSaidIsForgotten() {
        first(listing(MANY));
        say("P", "81a0 0 0 3 4 5 6 1", Digest.ofText("z").hex(), "", "/root/etc/kubernetes/z", "END");
        assertThat(files()).singleElement().extracting(ScannedFile::path).isEqualTo(ROOT.resolve("z"));
    }

    @Test
    void manyEntriesWithoutGnuComeInOrderToo() {
        say("U", "", "W", "", "P");
        List<Listed> listing = listing(MANY);
        listing.forEach(one -> say("81a0 1 2 3 4 5 6 1", one.digest().hex(), "", "/root" + one.path()));
        say("END");
        assertThat(files()).isEqualTo(found(listing));
    }

    @Test
    void moreEntriesThanAllowedAreRefusedInEitherListing() {
        assertThatThrownBy(() -> first(listing(MOST + 1)))
                .isInstanceOf(NodeAccessException.class)
                .hasMessageContaining("more than " + MOST + " entries");
        ScanOutputTest second = new ScanOutputTest();
        second.first(listing(1));
        assertThatThrownBy(() -> second.again(listing(MOST + 1), List.of()))
                .isInstanceOf(NodeAccessException.class)
                .hasMessageContaining("more than " + MOST + " entries");
    }

    @Test
    void entriesThatAreAllLongAreRefusedByTheirBytes() {
        String deep = ("/" + "x".repeat(250)).repeat(15);
        assertThatThrownBy(() -> {
                    say("U", "", "W", "", "G");
                    for (int i = 0; i < MOST; i++) {
                        say("d", "755", "0", "0", "0", "1.0", "1.0", "8 " + i, "1", "", "/root" + ROOT + deep + i);
                    }
                })
                .isInstanceOf(NodeAccessException.class)
                .hasMessageContaining("bytes");
    }

    /** What a node may say so that all of it waits in memory. */
    private enum Hostile {
        FILES_WITHOUT_DIGESTS {
            @Override
            void speak(ScanOutputTest node) {
                for (int i = 0; i < DEFAULT; i++) {
                    node.entry("f", i, "", "/a" + i);
                }
            }
        },
        OLD_FILES_THAT_WERE_NOT_THERE {
            @Override
            void speak(ScanOutputTest node) {
                node.say("AGAIN");
                for (int i = 0; i < DEFAULT; i++) {
                    node.say("8 " + i, "9".repeat(150), "");
                }
            }
        },
        LINKS_WITH_LONG_TARGETS_THAT_ARE_GONE {
            @Override
            void speak(ScanOutputTest node) {
                int links = 11_000; // no more of them are kept at all
                String deep = ("/" + "x".repeat(250)).repeat(15);
                for (int i = 0; i < links; i++) {
                    node.entry("l", i, "y".repeat(NodePath.MAX_BYTES), deep + i);
                }
                node.say("AGAIN");
                for (int i = 0; i < links; i++) {
                    node.say("8 " + (DEFAULT + i), "1.0 3", "");
                }
            }
        };

        abstract void speak(ScanOutputTest node);
    }

    private void entry(String type, int inode, String link, String below) {
        say(type, "640", "1", "2", "3", "4.5", "1.0", "8 " + inode, "1", link, "/root" + ROOT + below);
    }

    @ParameterizedTest
    @EnumSource
    void whatWaitsInMemoryIsBoundedWhateverANodeSays(Hostile hostile) {
        long before = alive();
        output = scan(DEFAULT);
        say("U", "", "W", "", "G");
        assertThatThrownBy(() -> hostile.speak(this))
                .isInstanceOf(NodeAccessException.class)
                .hasMessageContaining("in no order");
        assertThat(alive() - before)
                .as("with the first thousand entries, and as many that are put in order")
                .isLessThan((64 + 24) * MEBIBYTE);
        assertThatThrownBy(output::files).isInstanceOf(NodeAccessException.class);
    }

    private static long alive() {
        System.gc();
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }

    /** As where directories are at work all the time. */
    @Test
    void whatWaitedAndWasFoundWaitsNoLonger() {
        int files = DEFAULT / 2;
        List<Listed> listing = listing(files);
        List<Listed> later = new ArrayList<>(listing);
        for (int i = 0; i < files; i += 2) {
            Collections.swap(later, i, i + 1);
        }
        output = scan(DEFAULT);
        first(listing);
        again(later, List.of());
        assertThat(files()).isEqualTo(found(listing));
    }

    @Test
    void openScansTakeNoMoreOfTheTemporaryDirectoryTogetherThanTheyMay() {
        ScanRoom room = new ScanRoom(MOST);
        List<ScanOutput> open = new ArrayList<>();
        for (int node = 0; node < 4; node++) {
            open.add(large(room));
        }
        assertThatThrownBy(() -> large(room))
                .isInstanceOf(NodeAccessException.class)
                .hasMessageContaining("together");
        output.discard();
        open.get(0).discard();
        open.get(0).discard();
        open.set(0, large(room));
        assertThatThrownBy(() -> large(room)).as("room is given back once").hasMessageContaining("together");
        open.forEach(ScanOutput::discard);
    }

    /** Almost as much as one file may hold. */
    private ScanOutput large(ScanRoom room) {
        output = new ScanOutput("/root", List.of(ROOT), WORK, MOST, room);
        say("U", "", "W", "", "G");
        String deep = ("/" + "x".repeat(250)).repeat(15);
        for (int i = 0; i < 1_024 + 2_300; i++) {
            entry("d", i, "", deep + i);
        }
        return output;
    }

    @Test
    void aVersionWithoutEndIsRefused() {
        say("U", "", "W", "", "G");
        assertThatThrownBy(() -> say("d", "755", "0", "0", "0", "1.0", "9".repeat(300), "8 1", "1", "", "/root" + ROOT))
                .isInstanceOf(NodeAccessException.class)
                .hasMessageContaining("malformed");
    }

    @Test
    void halfAScanIsNoScan() {
        first(listing(MANY));
        assertThatThrownBy(output::files)
                .isInstanceOf(NodeAccessException.class)
                .hasMessageContaining("ended early");
    }

    @Test
    void whatWasDiscardedTakesNothingMore() {
        first(listing(MANY));
        output.discard();
        assertThatThrownBy(() -> say("AGAIN")).isInstanceOf(NodeAccessException.class);
    }

    /** Who asked gives up at the time limit, while the thread of the connection still writes what came before it. */
    @Test
    void whatIsWrittenWhileAScanIsDiscardedLeavesNoFileOpen() throws Exception {
        CountDownLatch writing = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        int last = 1_024; // the first one that is too much for the memory
        AtomicInteger looked = new AtomicInteger();
        List<NodePath> roots = new AbstractList<>() {
            @Override
            public NodePath get(int index) {
                if (looked.getAndIncrement() == last) {
                    writing.countDown();
                    await(goOn);
                }
                return ROOT;
            }

            @Override
            public int size() {
                return 1;
            }
        };
        output = new ScanOutput("/root", roots, WORK, MOST, new ScanRoom(MOST));
        say("U", "", "W", "", "G");
        Thread connection = new Thread(() -> {
            for (int i = 0; i <= last; i++) {
                entry("d", i, "", "/d" + i);
            }
        });
        connection.start();
        await(writing);
        Thread whoAsked = new Thread(output::discard);
        whoAsked.start();
        while (whoAsked.getState() != Thread.State.BLOCKED && whoAsked.getState() != Thread.State.TERMINATED) {
            Thread.onSpinWait();
        }
        goOn.countDown();
        connection.join();
        whoAsked.join();
        assertThat(open()).isEmpty();
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(30, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException stopped) {
            throw new AssertionError(stopped);
        }
    }

    @Test
    void whatIsTooMuchForTheMemoryLiesInFilesWithoutANameAndOnlyUntilItIsClosed() throws Exception {
        first(listing(MANY));
        assertThat(open()).as("the first listing").hasSize(1);
        again(listing(MANY), List.of());
        try (ScannedFiles files = output.files()) {
            assertThat(files).hasSize(MANY);
            assertThat(open()).as("what is in order").singleElement().asString().endsWith("(deleted)");
        }
        assertThat(open()).isEmpty();
    }

    /** Our own open files of that name. */
    private static List<String> open() throws IOException {
        List<String> open = new ArrayList<>();
        try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
            for (Path one : all.toList()) {
                if (Files.isSymbolicLink(one)
                        && Files.readSymbolicLink(one).toString().contains("drawbridge-scan")) {
                    open.add(Files.readSymbolicLink(one).toString());
                }
            }
        }
        return open;
    }
}
