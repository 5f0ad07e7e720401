/** The HTTP API for programs: incidents, tasks, audit trail as JSON; a leaf. */
@NullMarked
package dev.drawbridge.api;

import org.jspecify.annotations.NullMarked;
