import type { ProxySpec } from './cluster.js';
import { stableJson } from './stableJson.js';

/** The name of a cluster's sealed proxy password among its secrets. */
export const PROXY_AUTH_NAME = 'proxy-auth';

/** A password is for the proxies that it was given for: whoever changes their addresses does not get it. */
function boundTo({ httpProxy, httpsProxy }: ProxySpec): string {
  return stableJson([httpProxy ?? '', httpsProxy ?? '']);
}

/** What is sealed. */
export function proxyAuthText(proxy: ProxySpec, auth: string): string {
  return JSON.stringify({ auth, proxies: boundTo(proxy) });
}

/** The password of what was sealed, for this proxy; undefined when it was given for another one. */
export function proxyAuthFor(proxy: ProxySpec, text: string): string | undefined {
  const { auth, proxies } = JSON.parse(text) as { auth: string; proxies: string };
  return proxies === boundTo(proxy) ? auth : undefined;
}
