import { externalEndpoint } from '../../core/apiEndpoint.js';
import type { ClusterSpec } from '../../core/cluster.js';
import type { StepModule } from './types.js';

/** The load balancer that the spec names is looked for from every machine. */
export function factsParams(spec: ClusterSpec): Record<string, string> {
  const endpoint = externalEndpoint(spec);
  if (endpoint === undefined) return {};
  return { API_ENDPOINT: `${endpoint.host} ${String(endpoint.port)}` };
}

/** Learns everything about a machine in one round trip, and changes nothing. */
export const factsStep: StepModule = {
  name: 'facts',
  script: ['facts.sh'],
  // Half a second where nothing hangs; a dead NFS mount can make df wait.
  timeoutSeconds: 60,
  params: ({ spec }) => factsParams(spec),
  withoutOwner: true,
};
