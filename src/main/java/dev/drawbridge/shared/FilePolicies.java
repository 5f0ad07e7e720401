package dev.drawbridge.shared;

import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.Set;

/**
 * What is done about files that are not as the baseline says, by their class; what is left out is done as is safe.
 *
 * @param changed files of the baseline that are missing, changed, or no files any more
 * @param unexpected files that the baseline does not know
 */
public record FilePolicies(Map<FileClass, FilePolicy> changed, Map<FileClass, FilePolicy> unexpected) {
    /** Whoever touched a key that mints identities has it: a person agrees before it is used again, or anything there is moved. */
    private static final Map<FileClass, FilePolicy> DEFAULTS = defaults();

    /** What holds where a playbook says nothing. */
    public static final FilePolicies SAFE = new FilePolicies(Map.of(), Map.of());

    /** @throws IllegalArgumentException when a key that mints identities would be put back or moved away without a person */
    public FilePolicies {
        changed = complete(changed);
        unexpected = complete(unexpected);
        if (changed.get(FileClass.CA_KEY) == FilePolicy.AUTOMATIC
                || unexpected.get(FileClass.CA_KEY) == FilePolicy.AUTOMATIC) {
            throw new IllegalArgumentException(
                    "a key that mints identities is never put back or moved away without a person");
        }
    }

    /** In the form in which playbooks had it before there were policies: the classes to ask about. */
    public static FilePolicies asking(Set<FileClass> classes) {
        Map<FileClass, FilePolicy> asked = new EnumMap<>(FileClass.class);
        classes.forEach(each -> asked.put(each, FilePolicy.ASK));
        return new FilePolicies(asked, asked);
    }

    /** @param known whether the baseline has a file there */
    public FilePolicy of(FileClass fileClass, boolean known) {
        return (known ? changed : unexpected).getOrDefault(fileClass, FilePolicy.TASK);
    }

    private static Map<FileClass, FilePolicy> defaults() {
        Map<FileClass, FilePolicy> defaults = new EnumMap<>(FileClass.class);
        for (FileClass each : FileClass.values()) {
            defaults.put(each, each == FileClass.CA_KEY ? FilePolicy.ASK : FilePolicy.AUTOMATIC);
        }
        return Collections.unmodifiableMap(defaults);
    }

    private static Map<FileClass, FilePolicy> complete(Map<FileClass, FilePolicy> given) {
        Map<FileClass, FilePolicy> all = new EnumMap<>(DEFAULTS);
        all.putAll(given);
        return Collections.unmodifiableMap(all);
    }
}
