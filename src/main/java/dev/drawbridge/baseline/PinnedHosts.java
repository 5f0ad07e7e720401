package dev.drawbridge.baseline;

import java.io.File;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.security.PublicKey;
import java.util.List;
import java.util.function.Consumer;
import org.apache.sshd.common.config.keys.KeyUtils;
import org.eclipse.jgit.transport.CredentialsProvider;
import org.eclipse.jgit.transport.SshConfigStore;
import org.eclipse.jgit.transport.sshd.ServerKeyDatabase;
import org.eclipse.jgit.transport.sshd.SshdSessionFactory;
import org.jspecify.annotations.Nullable;

/**
 * SSH to servers whose keys are in one file and nowhere else, with one key of ours. Nobody is asked about another key, nothing is
 * added to the file, and what a person has in {@code ~/.ssh} does not count.
 */
final class PinnedHosts extends SshdSessionFactory {
    private final Path knownHosts;
    private final Path key;
    private final Consumer<String> refused;

    /** @param refused is told why a server's key is not accepted */
    PinnedHosts(Path home, Path knownHosts, Path key, Consumer<String> refused) {
        super(null, null);
        this.knownHosts = knownHosts;
        this.key = key;
        this.refused = refused;
        setHomeDirectory(home.toFile());
        setSshDirectory(home.toFile());
    }

    @Override
    protected @Nullable SshConfigStore createSshConfigStore(File home, File config, String user) {
        return null;
    }

    @Override
    protected String getDefaultPreferredAuthentications() {
        return "publickey";
    }

    @Override
    protected List<Path> getDefaultIdentities(File ssh) {
        return List.of(key);
    }

    @Override
    protected List<Path> getDefaultKnownHostsFiles(File ssh) {
        return List.of(knownHosts);
    }

    @Override
    protected ServerKeyDatabase createServerKeyDatabase(File home, File ssh) {
        return new Unasked(super.createServerKeyDatabase(home, ssh));
    }

    private final class Unasked implements ServerKeyDatabase {
        private final ServerKeyDatabase files;

        Unasked(ServerKeyDatabase files) {
            this.files = files;
        }

        @Override
        public List<PublicKey> lookup(String connectAddress, InetSocketAddress remote, Configuration config) {
            return files.lookup(connectAddress, remote, config);
        }

        @Override
        public boolean accept(
                String connectAddress,
                InetSocketAddress remote,
                PublicKey serverKey,
                Configuration config,
                @Nullable CredentialsProvider provider) {
            // without a provider nobody can be asked, so an unknown or changed key is refused
            if (files.accept(connectAddress, remote, serverKey, config, null)) {
                return true;
            }
            boolean none = lookup(connectAddress, remote, config).isEmpty();
            refused.accept("the remote shows the host key " + KeyUtils.getFingerPrint(serverKey)
                    + ", and drawbridge.baseline.known-hosts has "
                    + (none ? "no key for it" : "another key for it, or revokes this one"));
            return false;
        }
    }
}
