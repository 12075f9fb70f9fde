import type { Problem } from '../core/errors.js';
import { PROXY_AUTH_NAME, proxyAuthFor, proxyAuthText } from '../core/proxyAuth.js';
import type { ClusterRecord } from '../core/records.js';
import type { ParsedCluster } from '../core/spec/parseCluster.js';
import { PROXY_AUTH_SECRET } from '../core/specSecrets.js';
import type { ApiDeps } from './deps.js';

export interface ProxySecret {
  /** `user:password`: as given, or, where it was left out, as it was given before for the same proxies. */
  auth?: string;
  problems: Problem[];
}

/**
 * The proxy's password of an apply. It is write-only, so what a GET gave has none and keeps the stored one. Once the
 * first control plane is there the machines have it, and no operation brings them another.
 */
export async function resolveProxySecret(
  { store, vault }: ApiDeps,
  cluster: { project: string; name: string },
  existing: ClusterRecord | undefined,
  parsed: ParsedCluster,
): Promise<ProxySecret> {
  if (!parsed.ok || parsed.cluster.spec.proxy === undefined) return { problems: [] };
  const { proxy } = parsed.echo.spec;
  const given = parsed.secrets[PROXY_AUTH_SECRET];
  if (proxy === undefined || existing === undefined) {
    return { problems: [], ...(given === undefined ? {} : { auth: given }) };
  }
  const owner = ownerOf(cluster);
  const sealed = await store.secrets.get(owner, PROXY_AUTH_NAME);
  const stored = sealed === undefined ? undefined : proxyAuthFor(proxy, vault.open(owner, sealed));
  const auth = given ?? stored;
  const changes = existing.applied.initialised && proxy.enabled === true && auth !== stored;
  return {
    problems: changes
      ? [
          {
            path: PROXY_AUTH_SECRET,
            message:
              'cannot become another: the machines have it, and changing it later is not supported yet',
          },
        ]
      : [],
    ...(auth === undefined ? {} : { auth }),
  };
}

/** Seals it before the cluster is recorded: a workflow may start on the record at once. */
export async function keepProxySecret(
  { store, vault }: ApiDeps,
  cluster: { project: string; name: string },
  parsed: ParsedCluster & { ok: true },
  { auth }: ProxySecret,
): Promise<void> {
  const { proxy } = parsed.echo.spec;
  if (proxy === undefined || auth === undefined) return;
  const owner = ownerOf(cluster);
  await store.secrets.put(owner, PROXY_AUTH_NAME, vault.seal(owner, proxyAuthText(proxy, auth)));
}

function ownerOf({ project, name }: { project: string; name: string }): string {
  return `${project}/${name}`;
}
