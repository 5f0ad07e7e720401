/** Known-good files at a pinned and verified Git revision, and the difference between them and what a node holds. */
@NullMarked
package dev.drawbridge.baseline;

import org.jspecify.annotations.NullMarked;
