package dev.drawbridge.access;

import dev.drawbridge.shared.Digest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The tokens that detectors show. Only digests are kept, so that neither heap dump nor length of a comparison gives one away. */
class DetectorTokens {
    private static final Logger log = LoggerFactory.getLogger(DetectorTokens.class);

    /** Shorter ones can be guessed; still accepted, because a lost alert is worse than a warning. */
    private static final int ADVISED_LENGTH = 16;

    private final List<Known> known = new ArrayList<>();

    private record Known(Detector detector, byte[] digest) {}

    DetectorTokens(AccessProperties properties) {
        Map<String, AccessProperties.Token> tokens = new TreeMap<>(properties.detectors());
        if (properties.alertToken() != null || properties.alertTokenFile() != null) {
            add(
                    "default",
                    "drawbridge.access.alert-token",
                    new AccessProperties.Token(properties.alertToken(), properties.alertTokenFile()));
        }
        tokens.forEach((name, token) -> add(name, "drawbridge.access.detectors." + name + ".token", token));
    }

    /** The detector that a token belongs to. Every known digest is compared, whether or not an earlier one fits. */
    Optional<Detector> detector(String token) {
        byte[] shown = digest(token);
        @Nullable Detector found = null;
        for (Known candidate : known) {
            if (MessageDigest.isEqual(candidate.digest(), shown)) {
                found = candidate.detector();
            }
        }
        return Optional.ofNullable(found);
    }

    private void add(String name, String property, AccessProperties.Token token) {
        if (name.length() > 100) {
            throw new UnusableCredentialsException(
                    "The name of a detector under drawbridge.access.detectors is longer than 100 characters.");
        }
        String value = value(property, token);
        if (value.length() < ADVISED_LENGTH) {
            log.warn("{} is shorter than {} characters and could be guessed", property, ADVISED_LENGTH);
        }
        known.add(new Known(new Detector(name), digest(value)));
    }

    private static String value(String property, AccessProperties.Token token) {
        String inline = token.token();
        Path file = token.tokenFile();
        if ((inline == null) == (file == null)) {
            throw new UnusableCredentialsException(
                    "Exactly one of " + property + " and " + property + "-file has to be set.");
        }
        String value = (inline != null ? inline : read(property, file)).strip();
        if (value.isEmpty()) {
            throw new UnusableCredentialsException(property + (inline != null ? "" : "-file") + " holds no token.");
        }
        return value;
    }

    private static String read(String property, @Nullable Path file) {
        try {
            return Files.readString(java.util.Objects.requireNonNull(file));
        } catch (IOException unreadable) {
            throw new UnusableCredentialsException(property + "-file names a file that cannot be read.");
        }
    }

    private static byte[] digest(String token) {
        return Digest.sha256().digest(token.getBytes(StandardCharsets.UTF_8));
    }
}
