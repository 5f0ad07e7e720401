/** The ladder that stops the spread: cordon, taint, label; each rung verified, recorded with the prior state, and undone by us alone. */
@NullMarked
package dev.drawbridge.containment;

import org.jspecify.annotations.NullMarked;
