package dev.drawbridge.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drawbridge.shared.Actor;
import dev.drawbridge.shared.IncidentId;
import dev.drawbridge.shared.TestDatabase;
import java.time.Clock;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.support.TransactionTemplate;

class AuditTrailTest {
    private TestDatabase database = TestDatabase.h2();
    private AuditTrail audit = TestAudit.on(database, Clock.systemUTC());

    @AfterEach
    void close() throws Exception {
        database.close();
    }

    private static AuditEvent fact(String subject) {
        return AuditEvent.fact(Actor.SYSTEM, "test.fact", subject, "because")
                .with("b", "2")
                .with("a", "ü\n\"");
    }

    @Test
    void chainsFromTheFirstEntry() {
        audit.record(fact("one").on(IncidentId.of("i1"), null));
        audit.record(fact("two"));

        assertThat(audit.page(0, 10)).extracting(AuditEntry::seq).containsExactly(1L, 2L);
        assertThat(audit.page(0, 10).get(0).previous()).isEqualTo(AuditChain.GENESIS);
        assertThat(audit.timeline(IncidentId.of("i1"), 0, 10)).hasSize(1);
        assertThat(audit.verify())
                .isInstanceOfSatisfying(
                        ChainVerdict.Intact.class,
                        intact -> assertThat(intact.entries()).isEqualTo(2));
    }

    @Test
    void vanishesWithTheTransactionItDescribes() {
        assertThatThrownBy(() -> database.transaction().executeWithoutResult(status -> {
                    audit.record(fact("rolled back"));
                    throw new IllegalStateException("crash");
                }))
                .hasMessage("crash");
        assertThat(audit.page(0, 10)).isEmpty();
    }

    /** A part of a transaction that is taken back takes its entries with it, and no others. */
    @Test
    void vanishesWithThePartThatItDescribes() {
        TransactionTemplate part = new TransactionTemplate(database.transactions());
        part.setPropagationBehavior(TransactionDefinition.PROPAGATION_NESTED);
        database.transaction().executeWithoutResult(whole -> {
            part.executeWithoutResult(status -> {
                audit.record(fact("before anything else, and back"));
                status.setRollbackOnly();
            });
            audit.record(fact("first"));
            part.executeWithoutResult(status -> audit.record(fact("kept")));
            part.executeWithoutResult(status -> {
                audit.record(fact("back"));
                status.setRollbackOnly();
            });
            audit.record(fact("last"));
        });
        database.transaction()
                .executeWithoutResult(whole -> part.executeWithoutResult(status -> {
                    audit.record(fact("all of it"));
                    status.setRollbackOnly();
                }));
        assertThat(audit.page(0, 10))
                .extracting(entry -> entry.event().subject())
                .containsExactly("first", "kept", "last");
        assertThat(audit.verify()).isInstanceOf(ChainVerdict.Intact.class);
    }

    @Test
    void anIntentStaysWhenTheStepAroundItRollsBack() {
        assertThatThrownBy(() -> database.transaction().executeWithoutResult(status -> {
                    audit.record(fact("outer"));
                    audit.recordNow(fact("intent"));
                    throw new IllegalStateException("crash");
                }))
                .hasMessage("crash");
        assertThat(audit.page(0, 10))
                .extracting(entry -> entry.event().subject())
                .containsExactly("intent");
    }

    @ParameterizedTest
    @ValueSource(strings = {"subject = 'x'", "reason = 'x'", "at = '2020-01-01 00:00:00+00'", "details = '{}'"})
    void namesTheFirstEntryThatWasChanged(String change) {
        IntStream.rangeClosed(1, 5).forEach(i -> audit.record(fact("entry " + i)));
        database.jdbc()
                .sql("update audit_entry set " + change + " where seq = 3")
                .update();

        assertThat(audit.verify())
                .isInstanceOfSatisfying(
                        ChainVerdict.Broken.class,
                        broken -> assertThat(broken.seq()).isEqualTo(3));
    }

    @Test
    void namesAMissingEntryInTheMiddleAndAtTheEnd() {
        IntStream.rangeClosed(1, 5).forEach(i -> audit.record(fact("entry " + i)));
        database.jdbc().sql("delete from audit_entry where seq = 5").update();
        assertThat(audit.verify()).isEqualTo(new ChainVerdict.Broken(5, "the entry is missing"));
        database.jdbc().sql("delete from audit_entry where seq = 2").update();
        assertThat(audit.verify()).isEqualTo(new ChainVerdict.Broken(2, "the entry is missing"));
    }

    @Test
    void writersOnPostgresMakeOneChain() throws Exception {
        database.close();
        database = TestDatabase.postgres();
        audit = TestAudit.on(database, Clock.systemUTC());
        ExecutorService writers = Executors.newFixedThreadPool(16);
        List<Callable<Void>> work = IntStream.range(0, 200)
                .<Callable<Void>>mapToObj(i -> () -> {
                    audit.record(fact("entry " + i));
                    return null;
                })
                .toList();
        for (Future<Void> done : writers.invokeAll(work)) {
            done.get();
        }
        writers.shutdown();
        assertThat(audit.verify())
                .isInstanceOfSatisfying(
                        ChainVerdict.Intact.class,
                        intact -> assertThat(intact.entries()).isEqualTo(200));
    }
}
