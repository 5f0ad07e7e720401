package dev.drawbridge.incident;

import dev.drawbridge.alert.Alert;
import dev.drawbridge.node.NodeDirectory;
import dev.drawbridge.node.NodeInfo;
import dev.drawbridge.shared.NodeName;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/**
 * Finds the node that an alert is about. A name alone is a claim: whoever can enrol an agent can call a host what he likes and
 * have a healthy node taken out of service, so an address must agree wherever both sides name one.
 */
@Component
class HostIdentity {
    private static final Pattern IPV4 = Pattern.compile("[0-9]{1,3}(\\.[0-9]{1,3}){3}");
    private static final Pattern IPV6 = Pattern.compile("[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*");

    private final NodeDirectory nodes;

    HostIdentity(NodeDirectory nodes) {
        this.nodes = nodes;
    }

    /**
     * @param node the node, null when nothing may be contained on the strength of this alert
     * @param reason why there is none, or what could not be checked; null when all agrees
     */
    record Identified(@Nullable NodeName node, @Nullable String reason) {}

    Identified identify(Alert alert) {
        Set<InetAddress> claimed = routable(alert.hostAddresses());
        Optional<NodeName> name = NodeName.tryParse(alert.host());
        if (name.isPresent()) {
            NodeDirectory.Lookup found = nodes.find(name.get());
            if (found instanceof NodeDirectory.Lookup.Known known) {
                return byName(known.node(), claimed);
            }
            if (found instanceof NodeDirectory.Lookup.NotAvailable unread) {
                // the containment step reads the cluster again, and refuses what is no node
                return new Identified(name.get(), "the cluster could not be asked for this node: " + unread.reason());
            }
        }
        return byAddress(alert.host(), claimed);
    }

    private static Identified byName(NodeInfo node, Set<InetAddress> claimed) {
        Set<InetAddress> known = routable(node.addresses());
        if (claimed.isEmpty() || known.isEmpty() || overlap(claimed, known)) {
            return new Identified(node.name(), null);
        }
        return new Identified(
                null,
                "the alert has the name of node " + node.name()
                        + " but none of its addresses: it may be another host under that name");
    }

    /** A host that the detector knows by its full name, or the cluster by another: here only an address can prove it. */
    private Identified byAddress(String host, Set<InetAddress> claimed) {
        String lower = host.toLowerCase(Locale.ROOT);
        for (NodeInfo node : nodes.all()) {
            boolean named = lower.startsWith(node.name().value() + ".")
                    || node.addresses().stream().anyMatch(address -> address.equalsIgnoreCase(host));
            if (named && overlap(claimed, routable(node.addresses()))) {
                return new Identified(node.name(), null);
            }
        }
        return new Identified(null, "the host is no known node");
    }

    private static boolean overlap(Set<InetAddress> some, Set<InetAddress> others) {
        return some.stream().anyMatch(others::contains);
    }

    /** Addresses that tell hosts apart; every host has the loopback and link-local ones. */
    private static Set<InetAddress> routable(Collection<String> texts) {
        Set<InetAddress> addresses = new LinkedHashSet<>();
        for (String text : texts) {
            literal(text)
                    .filter(address -> !address.isLoopbackAddress()
                            && !address.isLinkLocalAddress()
                            && !address.isAnyLocalAddress()
                            && !address.isMulticastAddress())
                    .ifPresent(addresses::add);
        }
        return addresses;
    }

    /** Never a name: the resolver would ask the network about what an alert says. */
    private static Optional<InetAddress> literal(String text) {
        if (text.length() > 45
                || !(IPV4.matcher(text).matches() || IPV6.matcher(text).matches())) {
            return Optional.empty();
        }
        if (IPV4.matcher(text).matches()) {
            for (String part : text.split("\\.")) {
                if (Integer.parseInt(part) > 255) {
                    return Optional.empty();
                }
            }
        }
        try {
            return Optional.of(InetAddress.getByName(text));
        } catch (UnknownHostException notAnAddress) {
            return Optional.empty();
        }
    }
}
