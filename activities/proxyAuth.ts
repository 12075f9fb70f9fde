import { proxyAuthFor, PROXY_AUTH_NAME } from '../core/proxyAuth.js';
import type { ActivityDeps } from './deps.js';
import type { LoadedCluster } from './load.js';
import { secretsOwner } from './refs.js';

/** What the spec's proxy asks for, `user:password`; undefined where it asks for nothing. */
export async function proxyAuthOf(
  deps: ActivityDeps,
  { project, name, desired }: LoadedCluster['record'],
): Promise<string | undefined> {
  if (desired.spec.proxy?.enabled !== true) return undefined;
  const owner = secretsOwner({ project, name });
  const sealed = await deps.store.secrets.get(owner, PROXY_AUTH_NAME);
  return sealed === undefined
    ? undefined
    : proxyAuthFor(desired.spec.proxy, deps.vault.open(owner, sealed));
}
