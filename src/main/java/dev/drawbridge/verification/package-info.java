/** Independent proof, after the restore, that node and cluster are back at the baseline. */
@NullMarked
package dev.drawbridge.verification;

import org.jspecify.annotations.NullMarked;
