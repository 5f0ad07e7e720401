package dev.drawbridge.workflow;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.test.context.ContextConfiguration;

/** A test against {@link WorkflowApplication}; all of them share one running engine. */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@SpringBootTest(
        classes = WorkflowApplication.class,
        webEnvironment = SpringBootTest.WebEnvironment.NONE,
        properties = {
            "spring.datasource.url=jdbc:h2:mem:workflow;LOCK_TIMEOUT=10000;DB_CLOSE_DELAY=-1",
            "camunda.bpm.job-execution.enabled=false",
            "drawbridge.guardrail.dry-run=false"
        })
@ContextConfiguration(initializers = VariantPlaybooks.class)
@interface WorkflowTest {}
