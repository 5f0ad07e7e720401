package dev.drawbridge.benchmark;

import java.nio.file.Path;

/** @param root directory that stands for its root */
record BenchmarkNode(String name, String address, Path root) {
    static BenchmarkNode of(String kind, int number, Path directory) {
        String name = kind + "-" + number;
        int network = kind.hashCode() & 0x7f;
        return new BenchmarkNode(
                name,
                "10." + (64 + network % 64) + "." + (number / 200) + "." + (1 + number % 200),
                directory.resolve(name));
    }
}
