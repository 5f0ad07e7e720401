/** Captures what is on a node before anything changes it, by content digest, and gives the receipt that a write requires. */
@NullMarked
package dev.drawbridge.evidence;

import org.jspecify.annotations.NullMarked;
