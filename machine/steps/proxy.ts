import { API_ENDPOINT_NAME } from '../kubeadm/endpoint.js';
import type { StepContext } from './types.js';

/** Addresses that must never go through a proxy: the cluster's own. */
function noProxy({ spec, controlPlanes }: StepContext): string {
  const { network, nodes } = spec.config;
  const own = [
    'localhost',
    '127.0.0.1',
    '.svc',
    '.cluster.local',
    API_ENDPOINT_NAME,
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
    HTTP_PROXY: proxy.httpProxy,
    HTTPS_PROXY: proxy.httpsProxy,
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

/** apt's own setting; empty without a proxy. */
export function aptProxy({ spec: { proxy } }: StepContext): string {
  if (proxy?.enabled !== true) return '';
  return [
    ...(proxy.httpProxy === undefined ? [] : [`Acquire::http::Proxy "${proxy.httpProxy}";`]),
    ...(proxy.httpsProxy === undefined ? [] : [`Acquire::https::Proxy "${proxy.httpsProxy}";`]),
  ].join('\n');
}
