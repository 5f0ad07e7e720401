/** The application itself: start, the beans that every feature shares, and what is said when a required setting is missing. */
@NullMarked
package dev.drawbridge;

import org.jspecify.annotations.NullMarked;
