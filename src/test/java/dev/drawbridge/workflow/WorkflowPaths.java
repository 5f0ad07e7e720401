package dev.drawbridge.workflow;

import dev.drawbridge.evidence.KnownReceipts;
import dev.drawbridge.web.TestClock;
import org.camunda.bpm.engine.repository.ProcessDefinition;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.TestInfo;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.context.ApplicationContext;

/** What every test of a path needs: a fresh response, and a world that behaves. */
abstract class WorkflowPaths {
    @Autowired
    ApplicationContext context;

    @Autowired
    ScriptedContainment cluster;

    @Autowired
    ScriptedRecovery files;

    @Autowired
    ScriptedQuarantine quarantine;

    @Autowired
    ScriptedVerification proof;

    @Autowired
    ScriptedInvestigation investigation;

    @Autowired
    KnownReceipts receipts;

    @Autowired
    TestClock clock;

    @Autowired
    private Coverage coverage;

    Response response;

    @BeforeEach
    void begin(TestInfo test) {
        coverage.begin(test.getDisplayName());
        begin();
    }

    /** A fresh response in a world that behaves. */
    void begin() {
        cluster.clear();
        files.clear();
        quarantine.clear();
        proof.clear();
        investigation.clear();
        receipts.clear();
        response = new Response(context);
        response.models.createProcessDefinitionQuery().suspended().list().stream()
                .map(ProcessDefinition::getId)
                .forEach(response.models::activateProcessDefinitionById);
    }
}
