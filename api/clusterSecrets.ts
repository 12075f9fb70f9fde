import { nodeLoginName, type NodeLogin } from '../core/sshSecrets.js';
import type { Store } from '../store/types.js';
import type { Vault } from '../vault/types.js';

/** Secrets are read and written this many at a time: a cluster of 1,000 machines has 1,000 keys. */
const AT_ONCE = 16;

/** The SSH keys of a cluster, sealed under its project and name: they are there before its first id is. */
export interface ClusterSecrets {
  passphrase(hostname: string): Promise<string | undefined>;
  /** Keys of nodes that are not in `keys` stay: their machines may have yet to be cleaned. */
  keep(keys: ReadonlyMap<string, NodeLogin>): Promise<void>;
}

export function clusterSecrets(
  { store, vault }: { store: Store; vault: Vault },
  cluster: { project: string; name: string },
): ClusterSecrets {
  const owner = `${cluster.project}/${cluster.name}`;
  const read = async (hostname: string): Promise<string | undefined> => {
    const sealed = await store.secrets.get(owner, nodeLoginName(hostname));
    return sealed === undefined ? undefined : vault.open(owner, sealed);
  };
  return {
    async passphrase(hostname) {
      const text = await read(hostname);
      if (text === undefined) return undefined;
      const login = JSON.parse(text) as NodeLogin;
      return 'credential' in login ? undefined : login.passphrase;
    },
    async keep(keys) {
      const queue = keys.entries();
      const work = async (): Promise<void> => {
        for (const [hostname, secret] of queue) {
          const text = JSON.stringify(secret);
          // A read costs a fraction of a durable write, and most applies bring the keys that are there.
          if ((await read(hostname)) === text) continue;
          await store.secrets.put(owner, nodeLoginName(hostname), vault.seal(owner, text));
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, work));
    },
  };
}
