import { randomBytes } from 'node:crypto';

import type { Store } from '../store/types.js';
import { KEY_BYTES, type MasterKeys } from '../vault/masterKey.js';
import { createVault, type RotatableVault } from '../vault/vault.js';

const OWNER = 'vault';
const NAME = 'hash-key';

/**
 * The vault with a hash key of its own, made at the first start and sealed as any other secret: what was hashed before
 * a rotation of the master key (which clusters are unchanged, which installer tokens are known) still compares after it.
 */
export async function openVault(store: Store, masterKey: MasterKeys): Promise<RotatableVault> {
  const sealing = createVault({ masterKey });
  const fresh = sealing.seal(OWNER, randomBytes(KEY_BYTES).toString('base64'));
  const sealed = await store.secrets.putIfAbsent(OWNER, NAME, fresh);
  return createVault({ masterKey, hashKey: Buffer.from(sealing.open(OWNER, sealed), 'base64') });
}
