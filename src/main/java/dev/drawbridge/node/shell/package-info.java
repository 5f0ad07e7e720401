/** Node files and processes by scripts: one portable script per act, run by a POSIX shell, over whatever reaches the node. */
@NullMarked
package dev.drawbridge.node.shell;

import org.jspecify.annotations.NullMarked;
