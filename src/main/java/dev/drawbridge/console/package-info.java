/** The pages that responders, approvers and auditors work with; a leaf that nobody depends on. */
@NullMarked
package dev.drawbridge.console;

import org.jspecify.annotations.NullMarked;
