/** The embedded world of the sandbox profile: API server, SSH nodes, signed baseline, simulated attacks; a leaf. */
@NullMarked
package dev.drawbridge.sandbox;

import org.jspecify.annotations.NullMarked;
