/** What Elasticsearch knows about an alert: findings, or "not available", never "clean" by absence. */
@NullMarked
package dev.drawbridge.investigation;

import org.jspecify.annotations.NullMarked;
