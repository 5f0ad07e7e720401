/** The catalogue that binds alerts to a workflow with its parameters, policies and people: load, validate, match. */
@NullMarked
package dev.drawbridge.playbook;

import org.jspecify.annotations.NullMarked;
