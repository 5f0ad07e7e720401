package dev.drawbridge.workflow;

/**
 * What a rung that was applied with a head start leaves to be done.
 *
 * @param outcome records what came of it, which nobody else knows
 * @param job the workflow's start, which is durable, and is left to whoever frees its lock where it cannot run here
 */
record Applied(Runnable outcome, Runnable job) implements Runnable {
    @Override
    public void run() {
        try {
            outcome.run();
        } finally {
            job.run();
        }
    }
}
