package dev.drawbridge.playbook;

import dev.drawbridge.shared.TestDatabase;
import java.nio.file.Path;
import java.time.Clock;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.support.StaticListableBeanFactory;

/** The catalogue without a Spring context. */
public final class TestPlaybooks {
    private TestPlaybooks() {}

    /** The playbooks that ship. */
    public static PlaybookCatalogue bundled(TestDatabase database) {
        return load(database, true, null);
    }

    /** Only those of a directory. */
    public static PlaybookCatalogue from(TestDatabase database, Path directory) {
        return load(database, false, directory);
    }

    static Playbooks load(TestDatabase database, boolean bundled, @Nullable Path directory, String... workflows) {
        StaticListableBeanFactory beans = new StaticListableBeanFactory();
        if (workflows.length > 0) {
            beans.addBean("workflows", (KnownWorkflows) () -> java.util.Set.of(workflows));
        }
        Playbooks playbooks = new Playbooks(
                new PlaybookProperties(directory, bundled),
                database.jdbc(),
                Clock.systemUTC(),
                beans.getBeanProvider(KnownWorkflows.class));
        playbooks.afterSingletonsInstantiated();
        return playbooks;
    }
}
