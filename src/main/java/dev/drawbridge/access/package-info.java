/** Who may enter: people with roles for console and API, tokens for detectors, response headers. */
@NullMarked
package dev.drawbridge.access;

import org.jspecify.annotations.NullMarked;
