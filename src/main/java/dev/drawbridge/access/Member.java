package dev.drawbridge.access;

import dev.drawbridge.shared.Actor;
import java.security.Principal;
import java.util.Set;
import java.util.stream.Collectors;

/** A person who signed in: the principal of the console and of the API. Holds no credential. */
public record Member(String name, Set<Group> groups) implements Principal {
    /** Evidence holds private keys, which nothing else shows to anybody: deciding about an incident does not need them. */
    static final Set<Group> EVIDENCE_READERS = Set.of(Group.AUDITORS, Group.SECURITY_OPERATIONS, Group.ADMINISTRATORS);

    public Member {
        groups = Set.copyOf(groups);
    }

    @Override
    public String getName() {
        return name;
    }

    public Actor actor() {
        return Actor.person(name);
    }

    public boolean in(Group group) {
        return groups.contains(group);
    }

    /** False for those who only read: auditors without another group. */
    public boolean mayAct() {
        return groups.stream().anyMatch(group -> group != Group.AUDITORS);
    }

    public boolean mayTakeEvidence() {
        return groups.stream().anyMatch(EVIDENCE_READERS::contains);
    }

    public Set<String> groupCodes() {
        return groups.stream().map(Group::code).collect(Collectors.toUnmodifiableSet());
    }
}
