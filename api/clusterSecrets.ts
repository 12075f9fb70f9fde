import type { Store } from '../store/types.js';
import type { Vault } from '../vault/types.js';
import type { SshSecret } from './sshKeys.js';

const PROXY_AUTH = 'proxyAuth';

/** The write-only parts of a cluster's spec, sealed under its project and name: they are there before its id is. */
export interface ClusterSecrets {
  passphrase(hostname: string): Promise<string | undefined>;
  proxyAuth(): Promise<string | undefined>;
  /** Keys of nodes that are not in `keys` stay: their machines have yet to be cleaned. */
  keep(of: { keys: ReadonlyMap<string, SshSecret>; proxyAuth: string | undefined }): Promise<void>;
}

export function clusterSecrets(
  { store, vault }: { store: Store; vault: Vault },
  cluster: { project: string; name: string },
): ClusterSecrets {
  const owner = `${cluster.project}/${cluster.name}`;
  const opened = async (name: string): Promise<string | undefined> => {
    const sealed = await store.secrets.get(owner, name);
    return sealed === undefined ? undefined : vault.open(owner, sealed);
  };
  return {
    async passphrase(hostname) {
      const secret = await opened(sshSecretName(hostname));
      return secret === undefined ? undefined : (JSON.parse(secret) as SshSecret).passphrase;
    },
    proxyAuth: () => opened(PROXY_AUTH),
    async keep({ keys, proxyAuth }) {
      for (const [hostname, secret] of keys) {
        const sealed = vault.seal(owner, JSON.stringify(secret));
        await store.secrets.put(owner, sshSecretName(hostname), sealed);
      }
      if (proxyAuth === undefined) await store.secrets.remove(owner, PROXY_AUTH);
      else await store.secrets.put(owner, PROXY_AUTH, vault.seal(owner, proxyAuth));
    },
  };
}

function sshSecretName(hostname: string): string {
  return `ssh:${hostname}`;
}
