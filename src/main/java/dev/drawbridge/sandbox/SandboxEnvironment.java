package dev.drawbridge.sandbox;

import java.util.LinkedHashMap;
import java.util.Map;
import org.springframework.beans.factory.support.DefaultListableBeanFactory;
import org.springframework.boot.ConfigurableBootstrapContext;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.context.config.ConfigDataEnvironmentPostProcessor;
import org.springframework.boot.context.event.ApplicationFailedEvent;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.env.EnvironmentPostProcessor;
import org.springframework.context.ApplicationListener;
import org.springframework.core.Ordered;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.Environment;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.Profiles;

/**
 * Starts the sandbox's world when the profile {@code sandbox} is active, and contributes ordinary properties that point at it.
 * They come last, so everything may be set otherwise, for example a real cluster beside sandbox nodes.
 */
class SandboxEnvironment implements EnvironmentPostProcessor, Ordered {
    private final ConfigurableBootstrapContext bootstrap;

    SandboxEnvironment(ConfigurableBootstrapContext bootstrap) {
        this.bootstrap = bootstrap;
    }

    /** After the configuration files, which may activate the profile or set the directory. */
    @Override
    public int getOrder() {
        return ConfigDataEnvironmentPostProcessor.ORDER + 10;
    }

    @Override
    public void postProcessEnvironment(ConfigurableEnvironment environment, SpringApplication application) {
        if (!environment.acceptsProfiles(Profiles.of("sandbox"))) {
            return;
        }
        SandboxProperties properties =
                Binder.get(environment).bindOrCreate("drawbridge.sandbox", SandboxProperties.class);
        SandboxWorld world = SandboxWorld.open(properties);
        environment.getPropertySources().addLast(new MapPropertySource("sandbox", contributed(world, environment)));
        // the first singleton is the last to be destroyed: the world outlives everything that uses it
        bootstrap.addCloseListener(closed -> {
            DefaultListableBeanFactory beans =
                    (DefaultListableBeanFactory) closed.getApplicationContext().getBeanFactory();
            beans.registerSingleton("sandboxWorld", world);
            beans.registerDisposableBean("sandboxWorld", world::close);
        });
        application.addListeners((ApplicationListener<ApplicationFailedEvent>) failed -> world.close());
    }

    /** Without what would contradict a choice of the user's: these pairs exclude each other. */
    private static Map<String, Object> contributed(SandboxWorld world, Environment environment) {
        Map<String, Object> contributed = new LinkedHashMap<>(world.contributed());
        if (environment.containsProperty("drawbridge.kubernetes.kubeconfig")) {
            contributed.remove("drawbridge.kubernetes.master-url");
        }
        if (environment.containsProperty("drawbridge.access.alert-token-file")) {
            contributed.remove("drawbridge.access.alert-token");
        }
        return contributed;
    }
}
