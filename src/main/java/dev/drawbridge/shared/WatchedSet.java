package dev.drawbridge.shared;

import java.util.List;
import java.util.TreeSet;

/**
 * The paths that a playbook watches: what alerts may name, what is scanned, and the only place where files are ever written.
 * Two forms exist: {@code /dir/**} (everything below) and {@code /dir/*.ext} (files directly in the directory).
 */
public final class WatchedSet {
    private final List<String> patterns;
    /** Taken apart once: every entry of a scan is held against them. */
    private final List<Pattern> parts;

    /** @throws IllegalArgumentException when there is no pattern, or one of another form */
    public WatchedSet(List<String> patterns) {
        this.patterns = List.copyOf(patterns);
        this.parts = this.patterns.stream().map(Pattern::of).toList();
        if (parts.isEmpty()) {
            throw new IllegalArgumentException("nothing is watched");
        }
    }

    public List<String> patterns() {
        return patterns;
    }

    public boolean contains(NodePath path) {
        for (Pattern part : parts) {
            if (part.matches(path)) {
                return true;
            }
        }
        return false;
    }

    /** Directories to scan so that every watched file is seen, none inside another. */
    public List<NodePath> roots() {
        TreeSet<NodePath> directories = new TreeSet<>();
        parts.forEach(part -> directories.add(part.directory()));
        return directories.stream()
                .filter(one -> directories.stream().noneMatch(other -> !other.equals(one) && one.isWithin(other)))
                .toList();
    }

    /** Whether watched files lie in this directory or below it, so that a link in its place hides them. */
    public boolean hasFilesBelow(NodePath directory) {
        for (Pattern part : parts) {
            if (part.directory().isWithin(directory)) {
                return true;
            }
        }
        return false;
    }

    /**
     * @param tree whether it means everything below
     * @param ending of the files' names, when it does not
     */
    private record Pattern(NodePath directory, boolean tree, String ending) {
        static Pattern of(String text) {
            int star = text.indexOf('*');
            boolean tree = text.endsWith("/**") && star == text.length() - 2;
            boolean files = star > 0
                    && text.charAt(star - 1) == '/'
                    && text.indexOf('*', star + 1) < 0
                    && text.indexOf('/', star) < 0;
            if (star < 2 || !(tree || files)) {
                throw new IllegalArgumentException("neither /dir/** nor /dir/*.ext: " + text);
            }
            return new Pattern(NodePath.of(text.substring(0, star - 1)), tree, text.substring(star + 1));
        }

        boolean matches(NodePath path) {
            return tree
                    ? path.isWithin(directory) && !path.equals(directory)
                    : path.parent().equals(directory) && path.name().endsWith(ending);
        }
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof WatchedSet set && set.patterns.equals(patterns);
    }

    @Override
    public int hashCode() {
        return patterns.hashCode();
    }

    @Override
    public String toString() {
        return "WatchedSet" + patterns;
    }
}
