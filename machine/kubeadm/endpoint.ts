/** Resolves to 127.0.0.1 on every machine; a proxy there forwards to the healthy control planes. */
export const API_ENDPOINT_NAME = 'plinth-api.internal';
export const API_ENDPOINT_PORT = 7443;
export const API_ENDPOINT = `${API_ENDPOINT_NAME}:${String(API_ENDPOINT_PORT)}`;

/** `address:port` of a control plane's own API server. */
export function apiServerOf(privateIP: string): string {
  return privateIP.includes(':') ? `[${privateIP}]:6443` : `${privateIP}:6443`;
}
