/** The case and its lifecycle: opens, correlates alerts of one node, moves through its states, closes. */
@NullMarked
package dev.drawbridge.incident;

import org.jspecify.annotations.NullMarked;
