package dev.drawbridge.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drawbridge.audit.AuditTrail;
import dev.drawbridge.audit.TestAudit;
import dev.drawbridge.shared.TestDatabase;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;
import org.springframework.security.authentication.BadCredentialsException;
import org.springframework.security.authentication.UsernamePasswordAuthenticationToken;
import org.springframework.security.core.Authentication;
import org.springframework.security.crypto.argon2.Argon2PasswordEncoder;

/** Tokens and passwords as they are configured: what must not go into service stops the start and names the property. */
class CredentialsTest {
    private static final String BCRYPT = "{bcrypt}$2a$04$eSpySQA6wCDffN7oH.5r4.nmbYqS5r4NOs/T2azYBWu.ux.T7lDpq";
    private static final String PASSWORD = "correct-horse-7";
    private static final Set<Group> RESPONDERS = Set.of(Group.RESPONDERS);

    private final TestDatabase database = TestDatabase.h2();
    private final AuditTrail audit = TestAudit.on(database, Clock.systemUTC());

    @AfterEach
    void close() throws Exception {
        database.close();
    }

    private static AccessProperties properties(Map<String, String> settings) {
        return new Binder(new MapConfigurationPropertySource(settings))
                .bindOrCreate("drawbridge.access", AccessProperties.class);
    }

    private People people(Map<String, AccessProperties.User> users) {
        AccessProperties defaults = properties(Map.of());
        return new People(
                users,
                new SignInLimiter(defaults.signIn(), Clock.systemUTC()),
                new VerifiedCredentials(defaults.credentialMemory(), Clock.systemUTC()),
                audit);
    }

    private Authentication signIn(String hash, String password) {
        return people(Map.of("alice", new AccessProperties.User(hash, RESPONDERS)))
                .authenticate(UsernamePasswordAuthenticationToken.unauthenticated("alice", password));
    }

    @Test
    void aBcryptHashAdmits() {
        assertThat(signIn(BCRYPT, PASSWORD).getPrincipal()).isEqualTo(new Member("alice", RESPONDERS));
    }

    @Test
    void anArgon2HashAdmits() {
        String hash = "{argon2}" + new Argon2PasswordEncoder(16, 32, 1, 1024, 1).encode(PASSWORD);
        assertThat(signIn(hash, PASSWORD).isAuthenticated()).isTrue();
        assertThatThrownBy(() -> signIn(hash, "another")).isInstanceOf(BadCredentialsException.class);
    }

    @Test
    void theCredentialIsNotKeptWithThePerson() {
        Authentication signedIn = signIn(BCRYPT, PASSWORD);
        assertThat(signedIn.getCredentials()).isNull();
        assertThat(signedIn.toString()).doesNotContain(PASSWORD);
    }

    @Test
    void anEmptyOrEndlessPasswordIsRefusedWithoutHashing() {
        assertThatThrownBy(() -> signIn(BCRYPT, "")).isInstanceOf(BadCredentialsException.class);
        assertThatThrownBy(() -> signIn(BCRYPT, "x".repeat(100_000))).isInstanceOf(BadCredentialsException.class);
    }

    @ParameterizedTest
    @CsvSource({
        "plain-text-password",
        "{noop}plain",
        "{bcrypt}too-short",
        "$2a$04$eSpySQA6wCDffN7oH.5r4.nmbYqS5r4NOs/T2azYBWu.ux.T7lDpq",
        "{SHA-256}00"
    })
    void aPasswordThatIsNoHashStopsTheStartAndIsNotShown(String hash) {
        assertThatThrownBy(() -> people(Map.of("alice", new AccessProperties.User(hash, RESPONDERS))))
                .isInstanceOf(UnusableCredentialsException.class)
                .hasMessageContaining("drawbridge.access.users.alice.password-hash")
                .message()
                .doesNotContain(hash);
    }

    @Test
    void aUserWithoutHashGroupOrProperNameStopsTheStart() {
        assertThatThrownBy(() -> people(Map.of("alice", new AccessProperties.User(null, RESPONDERS))))
                .hasMessageContaining("password-hash is not set");
        assertThatThrownBy(() -> people(Map.of("alice", new AccessProperties.User(BCRYPT, Set.of()))))
                .hasMessageContaining("groups is empty");
        assertThatThrownBy(() -> people(Map.of("a\nb", new AccessProperties.User(BCRYPT, RESPONDERS))))
                .hasMessageContaining("login name")
                .message()
                .doesNotContain("a\nb");
        assertThatThrownBy(() -> people(Map.of())).hasMessageContaining("Nobody is configured");
    }

    @Test
    void aTokenComesFromAFileToo(@TempDir Path directory) throws Exception {
        Path file = Files.writeString(directory.resolve("token"), "token-out-of-a-file\n");
        DetectorTokens tokens =
                new DetectorTokens(properties(Map.of("drawbridge.access.alert-token-file", file.toString())));
        assertThat(tokens.detector("token-out-of-a-file")).hasValue(new Detector("default"));
        assertThat(tokens.detector("token-out-of-a-file\n")).isEmpty();
        assertThat(tokens.detector("")).isEmpty();
    }

    @Test
    void tokenAndFileTogetherAnEmptyAndAMissingFileStopTheStart(@TempDir Path directory) throws Exception {
        Path empty = Files.writeString(directory.resolve("empty"), " \n");
        assertThatThrownBy(() -> new DetectorTokens(properties(Map.of(
                        "drawbridge.access.alert-token", "a", "drawbridge.access.alert-token-file", empty.toString()))))
                .isInstanceOf(UnusableCredentialsException.class)
                .hasMessageContaining("Exactly one of");
        assertThatThrownBy(() ->
                        new DetectorTokens(properties(Map.of("drawbridge.access.alert-token-file", empty.toString()))))
                .hasMessageContaining("holds no token");
        assertThatThrownBy(() -> new DetectorTokens(properties(Map.of(
                        "drawbridge.access.alert-token-file",
                        directory.resolve("none").toString()))))
                .hasMessageContaining("cannot be read");
        assertThatThrownBy(() -> new DetectorTokens(properties(Map.of("drawbridge.access.detectors.falco.token", " "))))
                .hasMessageContaining("drawbridge.access.detectors.falco.token holds no token");
    }

    @Test
    void withoutATokenNobodyIsADetector() {
        assertThat(new DetectorTokens(properties(Map.of())).detector("anything"))
                .isEmpty();
    }
}
