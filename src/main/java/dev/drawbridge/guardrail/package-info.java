/** May we act? Stands in front of every effect, in code, and fails closed; hands out the permits without which nothing is written. */
@NullMarked
package dev.drawbridge.guardrail;

import org.jspecify.annotations.NullMarked;
