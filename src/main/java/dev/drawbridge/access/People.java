package dev.drawbridge.access;

import dev.drawbridge.audit.AuditEvent;
import dev.drawbridge.audit.AuditTrail;
import dev.drawbridge.shared.Actor;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.security.authentication.AuthenticationProvider;
import org.springframework.security.authentication.BadCredentialsException;
import org.springframework.security.authentication.UsernamePasswordAuthenticationToken;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.authority.SimpleGrantedAuthority;
import org.springframework.security.crypto.argon2.Argon2PasswordEncoder;
import org.springframework.security.crypto.bcrypt.BCryptPasswordEncoder;
import org.springframework.security.crypto.password.DelegatingPasswordEncoder;
import org.springframework.security.crypto.password.PasswordEncoder;
import org.springframework.security.web.authentication.WebAuthenticationDetails;

/** Verifies names and passwords of the configured people, for console and API alike. */
class People implements AuthenticationProvider {
    private static final Logger log = LoggerFactory.getLogger(People.class);
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._@-]{0,99}");
    private static final Pattern HASH =
            Pattern.compile("\\{bcrypt}\\$2[aby]\\$\\d\\d\\$[./A-Za-z0-9]{53}|\\{argon2}\\$argon2id?\\$.{20,400}");
    private static final int LONGEST_PASSWORD = 256;

    private final Map<String, AccessProperties.User> users;
    private final SignInLimiter limiter;
    private final VerifiedCredentials verified;
    private final AuditTrail audit;
    private final PasswordEncoder encoder = encoder();
    private final Lock[] verifying =
            Stream.generate(ReentrantLock::new).limit(64).toArray(Lock[]::new);

    People(
            Map<String, AccessProperties.User> users,
            SignInLimiter limiter,
            VerifiedCredentials verified,
            AuditTrail audit) {
        if (users.isEmpty()) {
            throw new UnusableCredentialsException("Nobody is configured under drawbridge.access.users.");
        }
        users.forEach(People::check);
        this.users = new TreeMap<>(users);
        this.limiter = limiter;
        this.verified = verified;
        this.audit = audit;
    }

    private static PasswordEncoder encoder() {
        return new DelegatingPasswordEncoder(
                "bcrypt",
                Map.of(
                        "bcrypt",
                        new BCryptPasswordEncoder(),
                        "argon2",
                        Argon2PasswordEncoder.defaultsForSpringSecurity_v5_8()));
    }

    private static void check(String name, AccessProperties.User user) {
        String property = "drawbridge.access.users." + name;
        if (!NAME.matcher(name).matches()) {
            throw new UnusableCredentialsException(
                    "A login name under drawbridge.access.users has characters other than letters, digits and . _ @ -, or is too long.");
        }
        if (user.passwordHash() == null) {
            throw new UnusableCredentialsException(property + ".password-hash is not set.");
        }
        if (!HASH.matcher(user.passwordHash()).matches()) {
            throw new UnusableCredentialsException(
                    property
                            + ".password-hash is no hash that begins with {bcrypt} or {argon2}. Passwords in plain text are refused.");
        }
        if (user.groups().isEmpty()) {
            throw new UnusableCredentialsException(
                    property
                            + ".groups is empty; possible are responders, approvers, security-operations, auditors and administrators.");
        }
    }

    @Override
    public Authentication authenticate(Authentication attempt) {
        String name = attempt.getName();
        String password = String.valueOf(attempt.getCredentials());
        if (name.isEmpty() || name.length() > 100 || password.isEmpty() || password.length() > LONGEST_PASSWORD) {
            throw new BadCredentialsException("no such name and password");
        }
        if (verified.remembers(name, password)) {
            return signedIn(name, attempt);
        }
        String address = address(attempt);
        // one at a time per user and address: parallel guesses cannot slip past the count, and the first of a client's
        // parallel requests pays for the hash, the others find it verified
        Lock lock = verifying[Math.floorMod((name + ' ' + address).hashCode(), verifying.length)];
        lock.lock();
        try {
            if (!verified.remembers(name, password)) {
                verify(name, password, address);
            }
        } finally {
            lock.unlock();
        }
        return signedIn(name, attempt);
    }

    private void verify(String name, String password, String address) {
        Duration wait = limiter.waitFor(name, address);
        if (!wait.isZero()) {
            throw new TooManyAttemptsException(wait);
        }
        AccessProperties.User user = users.get(name);
        // a name that nobody has costs as much time as one that somebody has
        String hash = (user != null ? user : users.values().iterator().next()).passwordHash();
        boolean matches = encoder.matches(password, hash);
        if (user == null || !matches) {
            if (limiter.failed(name, address)) {
                log.warn("sign-in held back after repeated failures address={}", address);
                audit.record(AuditEvent.fact(Actor.SYSTEM, "access.hold-back", name, "too many failed sign-ins")
                        .with("address", address));
            }
            throw new BadCredentialsException("no such name and password");
        }
        limiter.succeeded(name, address);
        verified.remember(name, password);
    }

    private Authentication signedIn(String name, Authentication attempt) {
        Member member = new Member(name, users.get(name).groups());
        UsernamePasswordAuthenticationToken token = UsernamePasswordAuthenticationToken.authenticated(
                member,
                null,
                member.groupCodes().stream().map(SimpleGrantedAuthority::new).toList());
        token.setDetails(attempt.getDetails());
        return token;
    }

    private static String address(Authentication attempt) {
        return attempt.getDetails() instanceof WebAuthenticationDetails details && details.getRemoteAddress() != null
                ? details.getRemoteAddress()
                : "unknown";
    }

    @Override
    public boolean supports(Class<?> type) {
        return UsernamePasswordAuthenticationToken.class.isAssignableFrom(type);
    }
}
