package dev.drawbridge.access;

import jakarta.validation.Valid;
import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Positive;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * Who may enter. There is no default account and no default token.
 *
 * @param alertToken bearer token of the one detector called {@code default}; or {@code alertTokenFile}, whose content it is
 * @param detectors further detectors by name, each with a token of its own, so that one can be replaced without the others
 * @param users people by login name
 * @param sessionLifetime a console session ends this long after sign-in, also when an open page keeps it busy
 * @param credentialMemory how long a verified pair of name and password of the API need not be hashed again
 */
@Validated
@ConfigurationProperties("drawbridge.access")
record AccessProperties(
        @Nullable String alertToken,
        @Nullable Path alertTokenFile,
        @DefaultValue Map<String, @Valid Token> detectors,
        @DefaultValue Map<String, @Valid User> users,
        @DefaultValue("12h") @NotNull Duration sessionLifetime,
        @DefaultValue("5m") @NotNull Duration credentialMemory,
        @DefaultValue @Valid SignIn signIn) {

    AccessProperties {
        detectors = Map.copyOf(detectors);
        users = Map.copyOf(users);
    }

    /** Exactly one of the two. */
    record Token(@Nullable String token, @Nullable Path tokenFile) {}

    /** @param passwordHash {@code {bcrypt}...} or {@code {argon2}...}; whether it is one is judged by {@link People}, which never shows it */
    record User(@Nullable String passwordHash, @DefaultValue Set<Group> groups) {
        User {
            groups = Set.copyOf(groups);
        }
    }

    /** @param attempts failed sign-ins per user and address within {@code window}, after which that pair has to wait for its end */
    record SignIn(
            @DefaultValue("5") @Positive int attempts,
            @DefaultValue("5m") @NotNull Duration window) {}
}
