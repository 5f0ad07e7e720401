package dev.drawbridge.containment.kubernetes;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Traffic that stays open on a node that is cut off.
 *
 * @param peer whom it comes from, or goes to
 * @param protocol {@code TCP} or {@code UDP}
 */
record Allowed(Peer peer, String protocol, int port) {
    private static final Pattern FORM = Pattern.compile("(\\S+) (tcp|udp)/([0-9]{1,5})");
    private static final Pattern CIDR =
            Pattern.compile("([0-9]{1,3}(?:\\.[0-9]{1,3}){3}|[0-9a-f:.]*:[0-9a-f:.]*)/([0-9]{1,3})");
    private static final int HIGHEST_PORT = 65_535;

    /** The other end. */
    sealed interface Peer {
        record Cidr(String cidr) implements Peer {}

        /** The cluster's nodes. */
        record Nodes() implements Peer {}

        record Pods(ContainmentProperties.Exempt pods) implements Peer {}
    }

    /**
     * Reads {@code 10.20.0.0/24 tcp/22}, {@code nodes tcp/22} or {@code namespace/label=value tcp/22}; Spring does so with each element of the
     * list.
     *
     * @throws IllegalArgumentException for any other form
     */
    public static Allowed valueOf(String text) {
        Matcher form = FORM.matcher(text.strip());
        if (!form.matches() || Integer.parseInt(form.group(3)) > HIGHEST_PORT || Integer.parseInt(form.group(3)) == 0) {
            throw new IllegalArgumentException("not of the form '10.20.0.0/24 tcp/22', 'nodes tcp/22' or"
                    + " 'namespace/label=value tcp/22': " + text);
        }
        return new Allowed(
                peer(form.group(1)), form.group(2).toUpperCase(Locale.ROOT), Integer.parseInt(form.group(3)));
    }

    private static Peer peer(String text) {
        if (text.equals("nodes")) {
            return new Peer.Nodes();
        }
        if (text.contains("=")) {
            return new Peer.Pods(ContainmentProperties.Exempt.valueOf(text));
        }
        Matcher cidr = CIDR.matcher(text);
        try {
            if (cidr.matches()
                    // an address as it stands: no name is looked up
                    && Integer.parseInt(cidr.group(2))
                            <= InetAddress.getByName(cidr.group(1)).getAddress().length * Byte.SIZE) {
                return new Peer.Cidr(text);
            }
        } catch (UnknownHostException noAddress) {
            throw new IllegalArgumentException("not an address with a prefix length: " + text, noAddress);
        }
        throw new IllegalArgumentException("not an address with a prefix length: " + text);
    }
}
