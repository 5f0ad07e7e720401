/** The one place that speaks to the Kubernetes API: node directory, cluster view, and the rungs that change a Node object. */
@NullMarked
package dev.drawbridge.containment.kubernetes;

import org.jspecify.annotations.NullMarked;
