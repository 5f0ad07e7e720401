package dev.drawbridge.benchmark;

import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;

/** How far the heap grows while something is done: live objects and garbage, above what there was before. The largest of all rounds. */
final class Heap {
    private static final double MEBIBYTE = 1 << 20;

    private long peak;
    private long begun;
    private long nanos;

    interface Work {
        void go() throws Exception;
    }

    void during(Work work) throws Exception {
        System.gc();
        long before = 0;
        for (MemoryPoolMXBean pool : ManagementFactory.getMemoryPoolMXBeans()) {
            if (pool.getType() == MemoryType.HEAP) {
                pool.resetPeakUsage();
                before += pool.getUsage().getUsed();
            }
        }
        begun = System.nanoTime();
        work.go();
        nanos = System.nanoTime() - begun;
        long after = 0;
        for (MemoryPoolMXBean pool : ManagementFactory.getMemoryPoolMXBeans()) {
            if (pool.getType() == MemoryType.HEAP) {
                after += pool.getPeakUsage().getUsed();
            }
        }
        peak = Math.max(peak, after - before);
    }

    long begunNanos() {
        return begun;
    }

    long lastNanos() {
        return nanos;
    }

    double mebibytes() {
        return peak / MEBIBYTE;
    }
}
