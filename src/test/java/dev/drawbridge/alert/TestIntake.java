package dev.drawbridge.alert;

import dev.drawbridge.audit.TestAudit;
import dev.drawbridge.shared.TestDatabase;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Clock;
import java.util.List;
import org.springframework.beans.factory.support.StaticListableBeanFactory;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;
import org.springframework.test.web.servlet.MockMvc;
import org.springframework.test.web.servlet.setup.MockMvcBuilders;

/** The intake with its real parts, without a Spring context. */
public final class TestIntake {
    private final TestDatabase database;
    private final Clock clock;
    private final AlertProperties limits;
    private final DeadLetters deadLetters;
    public final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    public final Alerts alerts;

    private TestIntake(TestDatabase database, Clock clock, AlertProperties limits) {
        this.database = database;
        this.clock = clock;
        this.limits = limits;
        this.deadLetters = new DeadLetters(database.jdbc(), limits, clock, meters);
        this.alerts = new Alerts(database.jdbc(), deadLetters);
    }

    /** @param properties further {@code drawbridge.alert.} settings, without that prefix */
    public static TestIntake on(TestDatabase database, Clock clock, String... properties) {
        return new TestIntake(database, clock, limits(properties));
    }

    static AlertProperties limits(String... properties) {
        MapConfigurationPropertySource source = new MapConfigurationPropertySource();
        for (String property : properties) {
            int equals = property.indexOf('=');
            source.put("drawbridge.alert." + property.substring(0, equals), property.substring(equals + 1));
        }
        return new Binder(source).bindOrCreate("drawbridge.alert", AlertProperties.class);
    }

    /** The webhook as it answers over HTTP, in front of a handler. */
    public MockMvc webhook(AlertHandler handler, IntakeAdmission... admissions) {
        return MockMvcBuilders.standaloneSetup(controller(handler, admissions)).build();
    }

    /** The way in for what Drawbridge itself found, in front of a handler. */
    public OwnFindings findings(AlertHandler handler) {
        return new OwnFindings(intake(handler));
    }

    private AlertIntake intake(AlertHandler handler) {
        return new AlertIntake(
                new AlertReader(limits),
                alerts,
                deadLetters,
                new Freshness(limits),
                handler,
                TestAudit.on(database, clock),
                database.transactions(),
                clock,
                meters);
    }

    AlertController controller(AlertHandler handler, IntakeAdmission... admissions) {
        AlertIntake intake = intake(handler);
        StaticListableBeanFactory beans = new StaticListableBeanFactory();
        for (IntakeAdmission admission : admissions) {
            beans.addBean("admission", admission);
        }
        return new AlertController(
                intake,
                List.of(new ElasticDecoder(), new FalcoDecoder()),
                limits,
                beans.getBeanProvider(IntakeAdmission.class),
                meters);
    }
}
