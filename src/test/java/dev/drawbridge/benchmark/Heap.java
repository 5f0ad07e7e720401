package dev.drawbridge.benchmark;

import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.lang.management.MemoryUsage;
import java.util.concurrent.locks.LockSupport;

/**
 * How much is alive at once while something is done, above what was before: one collection follows another, and what each leaves counts. What is done
 * takes longer by that, so it is not timed. The largest of all rounds.
 */
final class Heap {
    private static final double MEBIBYTE = 1 << 20;

    private long peak;
    private int collections;

    interface Work {
        void go() throws Exception;
    }

    void during(Work work) throws Exception {
        long before = alive();
        Sampler sampler = new Sampler();
        sampler.start();
        try {
            work.go();
        } finally {
            sampler.done = true;
            sampler.join();
        }
        peak = Math.max(peak, sampler.largest - before);
        collections += sampler.collections;
    }

    private static long alive() {
        System.gc();
        long alive = 0;
        for (MemoryPoolMXBean pool : ManagementFactory.getMemoryPoolMXBeans()) {
            MemoryUsage left = pool.getType() == MemoryType.HEAP ? pool.getCollectionUsage() : null;
            alive += left == null ? 0 : left.getUsed();
        }
        return alive;
    }

    private static final class Sampler extends Thread {
        private volatile boolean done;
        private long largest;
        private int collections;

        @Override
        public void run() {
            while (!done) {
                long begun = System.nanoTime();
                largest = Math.max(largest, alive());
                collections++;
                // else nothing is done but collections
                LockSupport.parkNanos(2 * (System.nanoTime() - begun));
            }
        }
    }

    double mebibytes() {
        return peak / MEBIBYTE;
    }

    int collections() {
        return collections;
    }
}
