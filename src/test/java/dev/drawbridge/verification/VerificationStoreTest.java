package dev.drawbridge.verification;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.NodeName;
import dev.drawbridge.shared.TestDatabase;
import dev.drawbridge.verification.VerificationReport.Check;
import dev.drawbridge.verification.VerificationReport.Status;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.springframework.dao.DuplicateKeyException;

class VerificationStoreTest {
    private static final IncidentId INCIDENT = IncidentId.of("incident-1");
    private static final NodeName NODE = NodeName.of("worker-1");
    private static final Instant AT = Instant.parse("2026-11-24T07:30:00.123456Z");
    private static final List<Check> CHECKS = List.of(
            CheckText.passed("a", "b", "c", "d"),
            CheckText.failed("hostile", "naïve \u0000 \ud800 \ud83d\ude00", "<b>\"'\n\u202e", "p"),
            CheckText.notAvailable("e", "f", "g"));

    @Nested
    class OnH2 extends Kept {
        OnH2() {
            super(TestDatabase.h2());
        }
    }

    @Nested
    class OnPostgres extends Kept {
        OnPostgres() {
            super(TestDatabase.postgres());
        }
    }

    abstract static class Kept {
        private final TestDatabase database;
        private final VerificationStore store;

        Kept(TestDatabase database) {
            this.database = database;
            this.store = new VerificationStore(database.jdbc());
        }

        @AfterEach
        void close() throws Exception {
            database.close();
        }

        @Test
        void aReportComesBackAsItWasKept() {
            VerificationReport report = report(1);
            store.keep(INCIDENT, NODE, report);
            assertThat(store.of(INCIDENT)).containsExactly(report);
            assertThat(store.nextRound(INCIDENT)).isEqualTo(2);
            assertThat(store.nextRound(IncidentId.of("another"))).isEqualTo(1);
        }

        @Test
        void theLongestReportFits() {
            String longest = "\u20ac".repeat(5000);
            Check check = CheckText.failed(longest, longest, longest, longest);
            List<Check> checks = List.of(check, check, check, check, check, check, check, check);
            store.keep(
                    INCIDENT,
                    NODE,
                    new VerificationReport(1, AT, checks, ReportDigest.of(INCIDENT, NODE, 1, AT, checks)));
            assertThat(store.of(INCIDENT).get(0).checks()).isEqualTo(checks);
        }

        @Test
        void twoRunsDoNotShareARound() {
            store.keep(INCIDENT, NODE, report(1));
            assertThatThrownBy(() -> store.keep(INCIDENT, NODE, report(1))).isInstanceOf(DuplicateKeyException.class);
        }

        @Test
        void aRowThatWasAlteredShowsAndHasNotPassed() {
            List<Check> passed = List.of(CheckText.passed("a", "b", "c", "d"));
            for (String change : List.of(
                    "checks = replace(checks, '\"c\"', '\"x\"')",
                    "checks = 'no JSON'",
                    "checks = '[]'",
                    "node = 'worker-2'",
                    "digest = '" + "0".repeat(64) + "'")) {
                database.jdbc().sql("delete from verification_report").update();
                store.keep(
                        INCIDENT,
                        NODE,
                        new VerificationReport(1, AT, passed, ReportDigest.of(INCIDENT, NODE, 1, AT, passed)));
                assertThat(store.of(INCIDENT).get(0).passed()).isTrue();
                database.jdbc().sql("update verification_report set " + change).update();
                VerificationReport read = store.of(INCIDENT).get(0);
                assertThat(read.passed()).as(change).isFalse();
                assertThat(read.checks()).last().extracting(Check::name).isEqualTo("Report is as it was kept");
            }
        }
    }

    private static VerificationReport report(int round) {
        return new VerificationReport(round, AT, CHECKS, ReportDigest.of(INCIDENT, NODE, round, AT, CHECKS));
    }

    @Test
    void theDigestChangesWithEveryField() {
        Check check = CHECKS.get(0);
        Set<Digest> digests = new HashSet<>();
        digests.add(digest(INCIDENT, NODE, 1, AT, check));
        digests.add(digest(IncidentId.of("incident-2"), NODE, 1, AT, check));
        digests.add(digest(INCIDENT, NodeName.of("worker-2"), 1, AT, check));
        digests.add(digest(INCIDENT, NODE, 2, AT, check));
        digests.add(digest(INCIDENT, NODE, 1, AT.plusNanos(1000), check));
        digests.add(digest(INCIDENT, NODE, 1, AT));
        digests.add(digest(INCIDENT, NODE, 1, AT, check, check));
        digests.add(digest(INCIDENT, NODE, 1, AT, new Check("x", "b", "c", Status.PASSED, "d")));
        digests.add(digest(INCIDENT, NODE, 1, AT, new Check("a", "x", "c", Status.PASSED, "d")));
        digests.add(digest(INCIDENT, NODE, 1, AT, new Check("a", "b", "x", Status.PASSED, "d")));
        digests.add(digest(INCIDENT, NODE, 1, AT, new Check("a", "b", "c", Status.FAILED, "d")));
        digests.add(digest(INCIDENT, NODE, 1, AT, new Check("a", "b", "c", Status.PASSED, "x")));
        digests.add(digest(INCIDENT, NODE, 1, AT, new Check("ab", "", "c", Status.PASSED, "d")));
        digests.add(digest(INCIDENT, NODE, 1, AT, CHECKS.get(0), CHECKS.get(1)));
        digests.add(digest(INCIDENT, NODE, 1, AT, CHECKS.get(1), CHECKS.get(0)));
        assertThat(digests).hasSize(15);
    }

    private static Digest digest(IncidentId incident, NodeName node, int round, Instant at, Check... checks) {
        return ReportDigest.of(incident, node, round, at, List.of(checks));
    }
}
