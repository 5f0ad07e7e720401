package dev.drawbridge.playbook;

import java.util.Set;

/** The workflows that can be started; implemented by the package that knows the engine, asked once all beans exist. */
public interface KnownWorkflows {
    Set<String> ids();
}
