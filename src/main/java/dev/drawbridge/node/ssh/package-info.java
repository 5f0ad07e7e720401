/** Node files over SSH: one portable script per act, run by the node's own POSIX shell. */
@NullMarked
package dev.drawbridge.node.ssh;

import org.jspecify.annotations.NullMarked;
