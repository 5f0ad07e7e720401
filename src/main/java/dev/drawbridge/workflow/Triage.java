package dev.drawbridge.workflow;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import org.camunda.bpm.dmn.engine.DmnDecisionRuleResult;
import org.camunda.bpm.dmn.engine.DmnDecisionTableResult;
import org.camunda.bpm.engine.DecisionService;
import org.camunda.bpm.engine.RepositoryService;

/**
 * One version of a decision table that says what an alert is. What it says depends on a handful of facts with a handful of values each, none
 * of them text out of an alert, so that each combination is asked for once: a decision is a query and a good part of the processor's time
 * before a node is cordoned. A table that looks at the clock is asked every time.
 */
final class Triage {
    private static final String MALICIOUS = "malicious";
    /** FEEL's ways to ask for the time. */
    private static final Pattern CLOCK = Pattern.compile("\\b(now|today)\\s*\\(");

    private final String table;
    private final DecisionService decisions;
    private final boolean timeless;
    private final Map<Map<String, Object>, Boolean> known = new ConcurrentHashMap<>();

    /** @param table id of the decision definition, which names a version */
    Triage(String table, RepositoryService models, DecisionService decisions) {
        this.table = table;
        this.decisions = decisions;
        this.timeless = !CLOCK.matcher(text(table, models)).find();
    }

    /** @param facts variables of triage, and no others */
    boolean malicious(Map<String, Object> facts) {
        return timeless ? known.computeIfAbsent(Map.copyOf(facts), this::decide) : decide(facts);
    }

    private boolean decide(Map<String, Object> facts) {
        return malicious(decisions.evaluateDecisionTableById(table, facts));
    }

    /** No row that fits is no malicious alert: the model then asks a person. */
    static boolean malicious(DmnDecisionTableResult said) {
        DmnDecisionRuleResult row = said.getSingleResult();
        return row != null && MALICIOUS.equals(row.getSingleEntry());
    }

    private static String text(String table, RepositoryService models) {
        try (InputStream model = models.getDecisionModel(table)) {
            return new String(model.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException fromTheDatabase) {
            throw new UncheckedIOException(fromTheDatabase);
        }
    }
}
