/** The first way to a node: a shell over SSH. */
@NullMarked
package dev.drawbridge.node.ssh;

import org.jspecify.annotations.NullMarked;
