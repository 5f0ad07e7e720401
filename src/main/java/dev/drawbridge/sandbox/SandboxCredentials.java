package dev.drawbridge.sandbox;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/**
 * What people and the detector log in with.
 *
 * @param password of every user of the sandbox
 * @param alertToken bearer token of the detector
 */
record SandboxCredentials(String password, String alertToken) {
    private static final String FILE = "credentials";

    /** The fixed password for everything, else what the first start generated. */
    static SandboxCredentials of(SandboxDirectory directory, @Nullable String fixed) {
        return fixed == null || fixed.isBlank() ? kept(directory) : new SandboxCredentials(fixed, fixed);
    }

    private static SandboxCredentials kept(SandboxDirectory directory) {
        Path file = directory.resolve(FILE);
        if (!Files.exists(file)) {
            directory.writePrivate(FILE, random(12) + "\n" + random(24) + "\n");
        }
        try {
            String[] lines = Files.readString(file, StandardCharsets.UTF_8).split("\n");
            if (lines.length != 2) {
                throw new SandboxUnavailableException(
                        file + " does not hold a password and a token.", "Delete it: new ones are generated.");
            }
            return new SandboxCredentials(lines[0], lines[1]);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    private static String random(int bytes) {
        byte[] secret = new byte[bytes];
        new SecureRandom().nextBytes(secret);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(secret);
    }

    /** Never the secrets, wherever this ends up. */
    @Override
    public String toString() {
        return "SandboxCredentials";
    }
}
