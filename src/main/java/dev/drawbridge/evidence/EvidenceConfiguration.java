package dev.drawbridge.evidence;

import java.nio.file.Path;
import java.time.Clock;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Which store is used; a second kind of store would be chosen here. */
@Configuration(proxyBeanMethods = false)
class EvidenceConfiguration {
    @Bean
    ContentStore contentStore(EvidenceProperties settings, Clock clock) {
        Path directory = settings.directory();
        if (directory == null) {
            throw new IllegalStateException("drawbridge.evidence.directory is not set");
        }
        return new DiskContentStore(directory, clock);
    }
}
