/** From drift to a plan with a hash, and from the approved plan back to the baseline; never before evidence exists. */
@NullMarked
package dev.drawbridge.recovery;

import org.jspecify.annotations.NullMarked;
