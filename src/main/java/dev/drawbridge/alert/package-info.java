/** Webhook intake: authenticate, bound, decode per source, judge freshness and scope, keep durably, answer. */
@NullMarked
package dev.drawbridge.alert;

import org.jspecify.annotations.NullMarked;
