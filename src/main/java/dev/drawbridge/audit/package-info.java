/** The append-only, hash-chained record of who did what, when, why and with which evidence, and its read side. */
@NullMarked
package dev.drawbridge.audit;

import org.jspecify.annotations.NullMarked;
