/** Value types that every feature speaks: identities, digests, paths on nodes, actors. No behaviour that could have an effect. */
@ApplicationModule(type = ApplicationModule.Type.OPEN)
@NullMarked
package dev.drawbridge.shared;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
