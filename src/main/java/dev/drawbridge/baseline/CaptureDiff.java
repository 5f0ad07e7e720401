package dev.drawbridge.baseline;

import dev.drawbridge.shared.KeyMaterial;
import dev.drawbridge.shared.NodePath;
import dev.drawbridge.shared.PlainText;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.eclipse.jgit.diff.DiffEntry;
import org.eclipse.jgit.diff.DiffFormatter;
import org.eclipse.jgit.lib.AbbreviatedObjectId;
import org.eclipse.jgit.lib.Constants;
import org.eclipse.jgit.lib.ObjectId;
import org.eclipse.jgit.lib.ObjectReader;
import org.eclipse.jgit.lib.Repository;
import org.eclipse.jgit.treewalk.AbstractTreeIterator;
import org.eclipse.jgit.treewalk.CanonicalTreeParser;
import org.eclipse.jgit.treewalk.EmptyTreeIterator;
import org.jspecify.annotations.Nullable;

/**
 * What changed between two trees, for the person who is about to vouch for it, on a terminal: unified, without what looks like a key,
 * and without any character that a terminal would obey.
 */
final class CaptureDiff {
    private static final int MAX_BYTES = 256 * 1024;
    private static final int MAX_LINES = 4000;
    private static final int MAX_LINE = 500;

    private final Repository git;
    private final List<String> lines = new ArrayList<>();
    private int left;

    private CaptureDiff(Repository git) {
        this.git = git;
    }

    /** @param before null when everything is new */
    static List<String> between(Repository git, @Nullable ObjectId before, ObjectId after) throws IOException {
        CaptureDiff diff = new CaptureDiff(git);
        diff.compare(before, after);
        return diff.lines;
    }

    private void compare(@Nullable ObjectId before, ObjectId after) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (ObjectReader reader = git.newObjectReader();
                DiffFormatter formatter = new DiffFormatter(out)) {
            formatter.setRepository(git);
            formatter.setDetectRenames(false);
            for (DiffEntry entry : formatter.scan(tree(reader, before), tree(reader, after))) {
                if (lines.size() >= MAX_LINES) {
                    left++;
                    continue;
                }
                String why = hidden(reader, entry);
                if (why != null) {
                    lines.add(entry.getChangeType().name().toLowerCase(java.util.Locale.ROOT) + " " + path(entry)
                            + ": not shown, " + why);
                    continue;
                }
                out.reset();
                formatter.format(entry);
                formatter.flush();
                for (String line : out.toString(StandardCharsets.UTF_8).split("\n")) {
                    lines.add(PlainText.line(line, MAX_LINE));
                }
            }
        }
        if (left > 0) {
            lines.add("and " + left + " more files; git show has them");
        }
    }

    private static String path(DiffEntry entry) {
        String path = entry.getChangeType() == DiffEntry.ChangeType.DELETE ? entry.getOldPath() : entry.getNewPath();
        return NodePath.of("/" + path).toString().substring(1);
    }

    private static @Nullable String hidden(ObjectReader reader, DiffEntry entry) throws IOException {
        for (AbbreviatedObjectId side : List.of(entry.getOldId(), entry.getNewId())) {
            ObjectId id = side.toObjectId();
            if (id == null || id.equals(ObjectId.zeroId()) || !reader.has(id)) {
                continue;
            }
            if (reader.getObjectSize(id, Constants.OBJ_BLOB) > MAX_BYTES) {
                return "it is longer than " + MAX_BYTES + " bytes";
            }
            String text;
            try {
                text = StandardCharsets.UTF_8
                        .newDecoder()
                        .decode(ByteBuffer.wrap(reader.open(id).getBytes(MAX_BYTES + 1)))
                        .toString();
            } catch (CharacterCodingException binary) {
                return "it is no text";
            }
            if (text.indexOf('\0') >= 0) {
                return "it is no text";
            }
            if (KeyMaterial.in(text)) {
                return "it holds what looks like a key, a token or a password";
            }
        }
        return null;
    }

    private static AbstractTreeIterator tree(ObjectReader reader, @Nullable ObjectId tree) throws IOException {
        if (tree == null) {
            return new EmptyTreeIterator();
        }
        CanonicalTreeParser parser = new CanonicalTreeParser();
        parser.reset(reader, tree);
        return parser;
    }
}
