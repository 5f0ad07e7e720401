/** Compares all nodes with their baseline from time to time, and raises an alert of its own about what no detector saw. */
@NullMarked
package dev.drawbridge.sweep;

import org.jspecify.annotations.NullMarked;
