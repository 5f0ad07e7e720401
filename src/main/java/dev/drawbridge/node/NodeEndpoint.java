package dev.drawbridge.node;

import dev.drawbridge.shared.NodePath;

/**
 * Where a node's SSH server listens.
 *
 * @param rootPrefix directory under which the node's own root lies: {@code /} for a real node, the node's directory in the
 *     sandbox
 */
public record NodeEndpoint(String host, int port, NodePath rootPrefix) {}
