package dev.drawbridge;

import java.util.List;

/** Some required properties are not set. */
class MissingSettingsException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final transient List<RequiredSettings.Required> missing;

    MissingSettingsException(List<RequiredSettings.Required> missing) {
        super(missing.size() + " required settings are missing");
        this.missing = List.copyOf(missing);
    }

    List<RequiredSettings.Required> missing() {
        return missing;
    }
}
