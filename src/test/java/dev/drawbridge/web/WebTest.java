package dev.drawbridge.web;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.springframework.boot.test.context.SpringBootTest;

/** A test against {@link WebApplication}; all of them share one running instance. */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@SpringBootTest(
        classes = WebApplication.class,
        webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT,
        properties = {
            "server.address=127.0.0.1",
            "spring.datasource.url=jdbc:h2:mem:web;LOCK_TIMEOUT=10000;DB_CLOSE_DELAY=-1",
            "management.prometheus.metrics.export.enabled=true",
            "drawbridge.guardrail.dry-run=false",
            "drawbridge.guardrail.max-contained-nodes=3",
            "drawbridge.guardrail.protected-nodes=worker-3",
            "drawbridge.access.alert-token=" + Visitor.TOKEN,
            "drawbridge.access.detectors.falco-1.token=" + Visitor.FALCO_TOKEN,
            "drawbridge.access.users.responder.password-hash=" + Visitor.HASH,
            "drawbridge.access.users.responder.groups=responders,security-operations",
            "drawbridge.access.users.approver.password-hash=" + Visitor.HASH,
            "drawbridge.access.users.approver.groups=approvers,responders,security-operations",
            "drawbridge.access.users.helper.password-hash=" + Visitor.HASH,
            "drawbridge.access.users.helper.groups=responders,approvers",
            "drawbridge.access.users.auditor.password-hash=" + Visitor.HASH,
            "drawbridge.access.users.auditor.groups=auditors",
            "drawbridge.access.users.admin.password-hash=" + Visitor.HASH,
            "drawbridge.access.users.admin.groups=administrators,security-operations"
        })
public @interface WebTest {}
