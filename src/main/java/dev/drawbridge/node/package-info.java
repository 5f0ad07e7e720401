/** Hands on a node: scan, read, stage and rename, quarantine; never more than one small set of files at a time. */
@NullMarked
package dev.drawbridge.node;

import org.jspecify.annotations.NullMarked;
