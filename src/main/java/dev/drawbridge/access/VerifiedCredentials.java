package dev.drawbridge.access;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Remembers for a short time that a name and password were verified, because HTTP basic brings them with every request and
 * bcrypt takes about 100 ms each. Kept as a digest under a key that lives and dies with the process: useless to whoever
 * reads the memory later without the key, and never written anywhere.
 */
class VerifiedCredentials {
    private static final int REMEMBERED = 256;

    private final Duration memory;
    private final Clock clock;
    private final SecretKeySpec key;
    private final Map<String, Instant> until = new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Instant> eldest) {
            return size() > REMEMBERED;
        }
    };

    VerifiedCredentials(Duration memory, Clock clock) {
        this.memory = memory;
        this.clock = clock;
        byte[] random = new byte[32];
        new SecureRandom().nextBytes(random);
        this.key = new SecretKeySpec(random, "HmacSHA256");
    }

    boolean remembers(String name, String password) {
        String digest = digest(name, password);
        synchronized (until) {
            Instant end = until.get(digest);
            return end != null && clock.instant().isBefore(end);
        }
    }

    void remember(String name, String password) {
        String digest = digest(name, password);
        synchronized (until) {
            until.put(digest, clock.instant().plus(memory));
        }
    }

    private String digest(String name, String password) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(key);
            // the length keeps "ab"+"c" and "a"+"bc" apart
            mac.update((name.length() + ":" + name).getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(mac.doFinal(password.getBytes(StandardCharsets.UTF_8)));
        } catch (GeneralSecurityException everyPlatformHasIt) {
            throw new IllegalStateException(everyPlatformHasIt);
        }
    }
}
