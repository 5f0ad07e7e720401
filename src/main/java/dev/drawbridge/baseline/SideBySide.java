package dev.drawbridge.baseline;

import dev.drawbridge.node.ScannedFile;
import dev.drawbridge.shared.NodePath;
import java.util.Iterator;
import org.jspecify.annotations.Nullable;

/** Goes once through what a node should hold and what it holds, both in the order of their paths. */
final class SideBySide {
    private final Iterable<BaselineFile> expected;
    private final Iterable<ScannedFile> found;

    SideBySide(Iterable<BaselineFile> expected, Iterable<ScannedFile> found) {
        this.expected = expected;
        this.found = found;
    }

    interface Pair {
        /** At least one of the two is there. */
        void at(NodePath path, @Nullable BaselineFile expected, @Nullable ScannedFile found);
    }

    void forEach(Pair each) {
        Iterator<BaselineFile> baseline = expected.iterator();
        Iterator<ScannedFile> scan = found.iterator();
        BaselineFile left = next(baseline);
        ScannedFile right = next(scan);
        while (left != null || right != null) {
            int order = left == null ? 1 : right == null ? -1 : left.path().compareTo(right.path());
            if (order <= 0 && left != null) {
                each.at(left.path(), left, order == 0 ? right : null);
            } else if (right != null) {
                each.at(right.path(), null, right);
            }
            left = order <= 0 ? next(baseline) : left;
            right = order >= 0 ? next(scan) : right;
        }
    }

    private static <T> @Nullable T next(Iterator<T> from) {
        return from.hasNext() ? from.next() : null;
    }
}
