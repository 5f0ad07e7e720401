package dev.drawbridge.playbook;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * Where playbooks come from.
 *
 * @param directory holds further {@code *.yaml}; a playbook of the same name replaces the one that ships
 * @param bundled whether the playbooks that ship are loaded
 */
@Validated
@ConfigurationProperties("drawbridge.playbook")
record PlaybookProperties(
        @Nullable Path directory, @DefaultValue("true") boolean bundled) {}
