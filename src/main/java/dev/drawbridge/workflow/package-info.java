/** The only package that knows the process engine: models, delegates, task inbox, failed steps. */
@NullMarked
package dev.drawbridge.workflow;

import org.jspecify.annotations.NullMarked;
