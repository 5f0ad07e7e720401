package dev.drawbridge.containment;

import java.util.ArrayList;
import java.util.List;

/**
 * One rung for people, wherever the ladder is shown as a whole.
 *
 * @param by who does it: {@code drawbridge} when a playbook names it, {@code restore} with the files, {@code person}
 */
public record RungDescription(String code, String stops, String doesNotStop, String by) {
    /**
     * What restore does with a manifest that the baseline does not have. No playbook names it: it needs evidence and a plan first, and so it is no
     * step of the containment.
     */
    public static final RungDescription QUARANTINE = new RungDescription(
            "quarantine",
            "A rogue static pod: its manifest is moved away when the files are restored, and the kubelet ends it. The only rung that stops static pods.",
            "Static pods of the baseline (a changed manifest is put back as it was), what the pod did or started outside of itself before.",
            "restore");

    /** The whole ladder, in the order in which it may be climbed. */
    public static List<RungDescription> all() {
        List<RungDescription> ladder = new ArrayList<>();
        for (Rung rung : Rung.values()) {
            if (rung == Rung.NODE_CREDENTIALS) {
                ladder.add(QUARANTINE);
            }
            ladder.add(new RungDescription(
                    rung.code(), rung.stops(), rung.doesNotStop(), rung.byHand() ? "person" : "drawbridge"));
        }
        return List.copyOf(ladder);
    }
}
