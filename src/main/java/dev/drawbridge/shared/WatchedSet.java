package dev.drawbridge.shared;

import java.util.List;
import java.util.TreeSet;

/**
 * The paths that a playbook watches: what alerts may name, what is scanned, and the only place where files are ever written.
 * Two forms exist: {@code /dir/**} (everything below) and {@code /dir/*.ext} (files directly in the directory).
 */
public record WatchedSet(List<String> patterns) {
    public WatchedSet {
        patterns = List.copyOf(patterns);
        patterns.forEach(WatchedSet::directory);
        if (patterns.isEmpty()) {
            throw new IllegalArgumentException("nothing is watched");
        }
    }

    public boolean contains(NodePath path) {
        return patterns.stream().anyMatch(pattern -> matches(pattern, path));
    }

    /** Directories to scan so that every watched file is seen, none inside another. */
    public List<NodePath> roots() {
        TreeSet<NodePath> directories = new TreeSet<>();
        patterns.forEach(pattern -> directories.add(directory(pattern)));
        return directories.stream()
                .filter(one -> directories.stream().noneMatch(other -> !other.equals(one) && one.isWithin(other)))
                .toList();
    }

    /** Whether watched files lie in this directory or below it, so that a link in its place hides them. */
    public boolean hasFilesBelow(NodePath directory) {
        return patterns.stream().anyMatch(pattern -> directory(pattern).isWithin(directory));
    }

    private static boolean matches(String pattern, NodePath path) {
        NodePath directory = directory(pattern);
        if (pattern.endsWith("/**")) {
            return path.isWithin(directory) && !path.equals(directory);
        }
        return path.parent().equals(directory) && path.name().endsWith(pattern.substring(pattern.lastIndexOf('*') + 1));
    }

    private static NodePath directory(String pattern) {
        int star = pattern.indexOf('*');
        boolean tree = pattern.endsWith("/**") && star == pattern.length() - 2;
        boolean files = star > 0
                && pattern.charAt(star - 1) == '/'
                && pattern.indexOf('*', star + 1) < 0
                && pattern.indexOf('/', star) < 0;
        if (star < 2 || !(tree || files)) {
            throw new IllegalArgumentException("neither /dir/** nor /dir/*.ext: " + pattern);
        }
        return NodePath.of(pattern.substring(0, star - 1));
    }
}
