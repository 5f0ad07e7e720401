/** The second way to a node: a shell in a privileged helper pod on it, by {@code exec}. */
@NullMarked
package dev.drawbridge.node.pod;

import org.jspecify.annotations.NullMarked;
