package dev.drawbridge.baseline;

import dev.drawbridge.shared.Digest;
import dev.drawbridge.shared.NodePath;

/**
 * One file as it should be.
 *
 * @param owner user name, or decimal user id
 * @param group group name, or decimal group id
 */
public record BaselineFile(NodePath path, Digest sha256, long size, int mode, String owner, String group) {}
