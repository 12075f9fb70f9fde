import { apiEndpoint } from '../kubeadm/endpoint.js';
import type { StepContext } from './types.js';

/** Addresses that must never go through a proxy: the cluster's own. */
function noProxy({ spec, controlPlanes }: StepContext): string {
  const { network, nodes } = spec.config;
  const own = [
    'localhost',
    '127.0.0.1',
    '.svc',
    '.cluster.local',
    apiEndpoint(spec).host,
    network.podSubnet,
    network.serviceSubnet,
    ...[network.ipv6?.podSubnet, network.ipv6?.serviceSubnet].filter((each) => each !== undefined),
    ...nodes.map((node) => node.privateIP),
    ...controlPlanes.map((node) => node.privateIP),
  ];
  const given = spec.proxy?.noProxy?.split(',').map((entry) => entry.trim()) ?? [];
  return [...new Set([...given.filter((entry) => entry !== ''), ...own])].join(',');
}

/** `NAME=value` rows for units and shells; empty without a proxy. */
export function proxyEnvironment(context: StepContext): string {
  const { proxy } = context.spec;
  if (proxy?.enabled !== true) return '';
  const values = {
    HTTP_PROXY: withAuth(proxy.httpProxy, context.proxyAuth),
    HTTPS_PROXY: withAuth(proxy.httpsProxy, context.proxyAuth),
    NO_PROXY: noProxy(context),
  };
  return Object.entries(values)
    .flatMap(([name, value]) =>
      value === undefined || value === ''
        ? []
        : [`${name}=${value}`, `${name.toLowerCase()}=${value}`],
    )
    .join('\n');
}

/** What every step that writes proxy files is given: the rows, and whether a password is in them. */
export function proxyParams(context: StepContext): Record<string, string> {
  const secret = context.spec.proxy?.enabled === true && context.proxyAuth !== undefined;
  return { PROXY_ENVIRONMENT: proxyEnvironment(context), PROXY_SECRET: String(secret) };
}

/** The certificates of a proxy that opens TLS, for the machine's own trust store; empty without. */
export function proxyCa({ spec: { proxy } }: StepContext): string {
  return proxy?.enabled === true ? (proxy.bootstrapCA ?? '').trim() : '';
}

/** Whether the machine's own downloads may go unverified: a person has said so. */
export function insecureDownloads({ spec: { proxy } }: StepContext): boolean {
  return proxy?.enabled === true && proxy.allowInsecureBootstrap === true;
}

/** apt's own setting; empty without a proxy. */
export function aptProxy(context: StepContext): string {
  const { proxy } = context.spec;
  if (proxy?.enabled !== true) return '';
  const http = withAuth(proxy.httpProxy, context.proxyAuth);
  const https = withAuth(proxy.httpsProxy, context.proxyAuth);
  return [
    ...(http === undefined ? [] : [`Acquire::http::Proxy "${http}";`]),
    ...(https === undefined ? [] : [`Acquire::https::Proxy "${https}";`]),
    // Packages are signed all the same.
    ...(insecureDownloads(context) ? ['Acquire::https::Verify-Peer "false";'] : []),
  ].join('\n');
}

/**
 * dnf's own setting; empty without a proxy. Its file is everybody's to read, so one with a password is not in it:
 * our steps and root's shells have that in their environment.
 */
export function dnfProxy({ spec: { proxy }, proxyAuth }: StepContext): string {
  if (proxy?.enabled !== true || proxyAuth !== undefined) return '';
  return proxy.httpsProxy ?? proxy.httpProxy ?? '';
}

/** In a URL, everything that is not plain is written with a percent sign: what files and shells see is harmless. */
function withAuth(proxy: string | undefined, auth: string | undefined): string | undefined {
  if (proxy === undefined || auth === undefined) return proxy;
  const at = auth.indexOf(':');
  const [user, password] = [auth.slice(0, at), auth.slice(at + 1)].map(percentEncoded);
  return proxy.replace('://', `://${user ?? ''}:${password ?? ''}@`);
}

function percentEncoded(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*~]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
