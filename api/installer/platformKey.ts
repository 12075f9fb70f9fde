import ssh2 from 'ssh2';

import type { Store } from '../../store/types.js';
import type { Vault } from '../../vault/types.js';

/** Not a project's name: no cluster's secrets lie there. */
const OWNER = '@platform';
const NAME = 'ssh';

export interface PlatformKey {
  /** OpenSSH. */
  privateKey: string;
  /** `ssh-ed25519 AAAA…`, without a comment. */
  publicKey: string;
}

/**
 * The key pair that opens the logins made by installer commands: made at the first start, the same for every
 * process on the same database, its private half sealed there.
 */
export async function platformKey(deps: { store: Store; vault: Vault }): Promise<PlatformKey> {
  const { store, vault } = deps;
  const known = await store.secrets.get(OWNER, NAME);
  const sealed =
    known ?? (await store.secrets.putIfAbsent(OWNER, NAME, vault.seal(OWNER, generate())));
  return JSON.parse(vault.open(OWNER, sealed)) as PlatformKey;
}

function generate(): string {
  const pair = ssh2.utils.generateKeyPairSync('ed25519');
  const [type = '', key = ''] = pair.public.trim().split(' ');
  return JSON.stringify({
    privateKey: pair.private,
    publicKey: `${type} ${key}`,
  } satisfies PlatformKey);
}
