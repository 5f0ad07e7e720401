package dev.drawbridge.guardrail;

import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;

/** Pools as they are without any setting: the control plane, and the workers. */
public final class TestPools {
    private TestPools() {}

    public static NodePools unlabelled() {
        return new NodePools(new Binder(new MapConfigurationPropertySource())
                .bindOrCreate("drawbridge.guardrail", GuardrailProperties.class));
    }
}
