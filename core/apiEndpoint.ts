import type { ClusterSpec } from './cluster.js';
import { Role } from './words.js';

/** Where the API server of a cluster is called by its nodes. */
export interface ApiEndpoint {
  /** A name or an address; an IPv6 one without brackets. */
  host: string;
  port: number;
  /** `host:port`, as kubeadm and URLs have it. */
  address: string;
  /** A load balancer of somebody else's; else the proxy on every machine. */
  external: boolean;
}

const API_PORT = 6443;

/** Reads `lb.example.net`, `10.0.0.9:6443`, `fd00::9` or `[fd00::9]:6443`; the port is 6443 unless it is given. */
export function readEndpoint(text: string): Pick<ApiEndpoint, 'host' | 'port' | 'address'> {
  const bracketed = /^\[([^\]]*)\](?::(\d+))?$/.exec(text);
  // More than one colon and no brackets: an IPv6 address without a port.
  const plain = text.split(':').length > 2 ? undefined : /^([^:]*)(?::(\d+))?$/.exec(text);
  const [, host = text, given] = bracketed ?? plain ?? [];
  const port = given === undefined ? API_PORT : Number(given);
  return { host, port, address: hostAndPort(host, port) };
}

export function hostAndPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${String(port)}` : `${host}:${String(port)}`;
}

/** The load balancer that the spec names; undefined: every machine has a proxy of its own. */
export function externalEndpoint(spec: ClusterSpec): ApiEndpoint | undefined {
  const text = spec.config.network.controlPlaneEndpoint;
  return text === undefined || text === '' ? undefined : { ...readEndpoint(text), external: true };
}

/** What the proxy on every machine forwards to: rows of `hostname privateIP`. Empty where there is no such proxy. */
export function endpointBackends(spec: ClusterSpec): string {
  if (externalEndpoint(spec) !== undefined) return '';
  return spec.config.nodes
    .filter((node) => node.roles.includes(Role.ControlPlane))
    .map(({ hostname, privateIP }) => `${hostname} ${privateIP}`)
    .toSorted()
    .join('\n');
}
