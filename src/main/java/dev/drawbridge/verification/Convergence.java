package dev.drawbridge.verification;

/** How long a verification lets the cluster come to rest. A seam, so that tests need not wait. */
interface Convergence {
    /** Starts the time that all checks of one verification share. */
    Turns begin();

    interface Turns {
        /**
         * Waits until it makes sense to look again.
         *
         * @return false, at once, when the time is used up
         * @throws IllegalStateException when the application stops: a report that was cut short must not be kept
         */
        boolean next();
    }
}
