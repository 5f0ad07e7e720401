package dev.drawbridge.sandbox;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A directory that stands for the root file system of a node. */
record NodeTree(Path root) {
    private static final int DIRECTORY = 0755;

    /** The user in whose name the sandbox runs: it owns every file of a node, where on a real node root does. */
    record Owner(String user, long uid, String group, long gid) {
        static Owner of(Path path) {
            try {
                long uid = ((Integer) Files.getAttribute(path, "unix:uid")).longValue();
                long gid = ((Integer) Files.getAttribute(path, "unix:gid")).longValue();
                // a user without an entry in passwd has no name; the node's own passwd gives it one
                return new Owner(uid == 0 ? "root" : "kubernetes", uid, gid == 0 ? "root" : "kubernetes", gid);
            } catch (IOException failed) {
                throw new UncheckedIOException(failed);
            }
        }
    }

    void create(List<NodeFile> files, Owner owner) {
        try {
            Files.createDirectories(root);
            directory("etc/kubernetes", DIRECTORY);
            directory("etc/kubernetes/manifests", 0700);
            for (NodeFile file : files) {
                write(file);
            }
            write(NodeFile.of("etc/passwd", 0644, passwd(owner)));
            write(NodeFile.of("etc/group", 0644, group(owner)));
            write(NodeFile.of("etc/hostname", 0644, root.getFileName() + "\n"));
        } catch (IOException failed) {
            throw new UncheckedIOException("could not write below " + root, failed);
        }
    }

    /** Puts a file there as an administrator or an intruder on the node would: in place, with this mode. */
    void write(NodeFile file) throws IOException {
        Path target = root.resolve(file.path());
        directory(root.relativize(target.getParent()).toString(), -1);
        Files.write(target, file.content());
        Files.setPosixFilePermissions(target, SandboxDirectory.mode(file.mode()));
    }

    /** @param mode permission bits; negative to leave an existing directory as it is */
    private void directory(String relative, int mode) throws IOException {
        Path path = root;
        for (Path name : Path.of(relative)) {
            path = path.resolve(name);
            if (!Files.isDirectory(path)) {
                Files.createDirectory(path);
                Files.setPosixFilePermissions(path, SandboxDirectory.mode(DIRECTORY));
            }
        }
        if (mode >= 0) {
            Files.setPosixFilePermissions(path, SandboxDirectory.mode(mode));
        }
    }

    private static String passwd(Owner owner) {
        String root = "root:x:0:0:root:/root:/bin/bash\n";
        String nobody = "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n";
        return owner.uid() == 0
                ? root + nobody
                : root + owner.user() + ":x:" + owner.uid() + ":" + owner.gid() + "::/home/" + owner.user()
                        + ":/bin/sh\n" + nobody;
    }

    private static String group(Owner owner) {
        String root = "root:x:0:\n";
        String nogroup = "nogroup:x:65534:\n";
        return owner.gid() == 0 ? root + nogroup : root + owner.group() + ":x:" + owner.gid() + ":\n" + nogroup;
    }
}
