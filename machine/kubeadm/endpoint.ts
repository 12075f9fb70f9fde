import { externalEndpoint, hostAndPort, type ApiEndpoint } from '../../core/apiEndpoint.js';
import type { ClusterSpec } from '../../core/cluster.js';

/** Resolves to 127.0.0.1 on every machine; a proxy there forwards to the healthy control planes. */
export const API_ENDPOINT_NAME = 'plinth-api.internal';
export const API_ENDPOINT_PORT = 7443;

const OWN: ApiEndpoint = {
  host: API_ENDPOINT_NAME,
  port: API_ENDPOINT_PORT,
  address: hostAndPort(API_ENDPOINT_NAME, API_ENDPOINT_PORT),
  external: false,
};

/** Where nodes call the API server: the load balancer that the spec names, or the proxy on each of them. */
export function apiEndpoint(spec: ClusterSpec): ApiEndpoint {
  return externalEndpoint(spec) ?? OWN;
}

/** `address:port` of a control plane's own API server. */
export function apiServerOf(privateIP: string): string {
  return hostAndPort(privateIP, 6443);
}
