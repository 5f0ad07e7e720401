package dev.drawbridge.evidence;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drawbridge.shared.Digest;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DiskContentStoreTest {
    @TempDir
    Path root;

    private DiskContentStore store(DiskContentStore.Disk disk) {
        return new DiskContentStore(root, Clock.systemUTC(), disk);
    }

    private static ContentStore.Source of(String text) {
        return out -> {
            out.write(text.getBytes(UTF_8));
            return true;
        };
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> all = Files.walk(root)) {
            return all.filter(Files::isRegularFile).toList();
        }
    }

    private static List<String> many() {
        return IntStream.range(0, 300).mapToObj(i -> "content " + i).toList();
    }

    @Test
    void contentsOfABatchAreThereWhenItIsSettledAndNotBefore() throws Exception {
        DiskContentStore store = new DiskContentStore(root, Clock.systemUTC());
        try (ContentStore.Batch batch = store.begin()) {
            for (String text : many()) {
                assertThat(batch.add(of(text))).contains(new ContentStore.Kept(Digest.ofText(text), text.length()));
                assertThat(store.has(Digest.ofText(text))).isFalse();
            }
            assertThat(batch.add(out -> false)).isEmpty();
            batch.settle();
        }
        for (String text : many()) {
            assertThat(store.open(Digest.ofText(text)).orElseThrow()).hasBinaryContent(text.getBytes(UTF_8));
        }
        assertThat(files()).hasSize(300);
    }

    @Test
    void everyContentIsFlushedBeforeAnyNameAndEveryDirectoryAfterAllNames() throws Exception {
        Queue<String> wrong = new ConcurrentLinkedQueue<>();
        Queue<Path> flushed = new ConcurrentLinkedQueue<>();
        List<Path> places = many().stream()
                .map(text -> Digest.ofText(text).hex())
                .map(hex -> root.resolve(hex.substring(0, 2)).resolve(hex))
                .toList();
        DiskContentStore store = store((path, channel) -> {
            boolean directory = Files.isDirectory(path);
            if (places.stream().anyMatch(place -> Files.exists(place) != directory)) {
                wrong.add(path.toString());
            }
            if (!directory && channel.size() == 0) {
                wrong.add(path + " is empty");
            }
            channel.force(true);
            flushed.add(path);
        });
        try (ContentStore.Batch batch = store.begin()) {
            many().forEach(text -> batch.add(of(text)));
            batch.settle();
        }
        assertThat(wrong).isEmpty();
        assertThat(flushed).doesNotHaveDuplicates().contains(root);
        assertThat(flushed.stream().filter(path -> !Files.isDirectory(path))).hasSize(300);
        assertThat(flushed).containsAll(places.stream().map(Path::getParent).toList());
    }

    @Test
    void oneFlushThatFailsKeepsNothingOfTheBatch() throws Exception {
        DiskContentStore store = store((path, channel) -> {
            if (channel.size() == "content 7".length() && content(path).equals("content 7")) {
                throw new IOException("the disk failed");
            }
        });
        try (ContentStore.Batch batch = store.begin()) {
            many().subList(0, 20).forEach(text -> batch.add(of(text)));
            assertThatThrownBy(batch::settle)
                    .isInstanceOf(UncheckedIOException.class)
                    .hasStackTraceContaining("the disk failed");
            // nor does another try make durable what nobody flushed
            batch.settle();
        }
        assertThat(files()).isEmpty();
    }

    @Test
    void aDirectoryThatCannotBeFlushedFailsTheBatch() {
        DiskContentStore store = store((path, channel) -> {
            if (Files.isDirectory(path)) {
                throw new IOException("the disk failed");
            }
        });
        assertThatThrownBy(() -> store.keep(of("content")))
                .isInstanceOf(UncheckedIOException.class)
                .hasStackTraceContaining("the disk failed");
    }

    @Test
    void aBatchThatWasNotSettledLeavesNothing() throws Exception {
        Queue<FileChannel> channels = new ConcurrentLinkedQueue<>();
        DiskContentStore store = store((path, channel) -> channels.add(channel));
        try (ContentStore.Batch batch = store.begin()) {
            many().forEach(text -> batch.add(of(text)));
            assertThatThrownBy(() -> batch.add(out -> {
                        out.write(1);
                        throw new IllegalStateException("the node went");
                    }))
                    .hasMessage("the node went");
        }
        assertThat(files()).isEmpty();
    }

    private static String content(Path path) throws IOException {
        return Files.isRegularFile(path) ? Files.readString(path) : "";
    }
}
