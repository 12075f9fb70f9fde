import { apiEndpoint, apiServerOf } from '../kubeadm/endpoint.js';
import type { StepContext, StepModule } from './types.js';

export const apiEndpointStep: StepModule = {
  name: 'api-endpoint',
  script: ['api-endpoint.sh'],
  finishes: true,
  timeoutSeconds: 120,
  params: (context) => {
    const { host, port, external } = apiEndpoint(context.spec);
    return {
      ENDPOINT_NAME: host,
      ENDPOINT_PORT: String(port),
      EXTERNAL: String(external),
      BACKENDS: external
        ? ''
        : context.controlPlanes
            .map(({ hostname, privateIP }) => `${hostname} ${apiServerOf(privateIP)}`)
            .join('\n'),
      CHECK_SECONDS: String(checkSeconds(context)),
    };
  },
};

/**
 * Between two health checks. Each is a TLS handshake at the API server, from every machine: never more than two hundred
 * in a second on one of them.
 */
function checkSeconds({ spec }: StepContext): number {
  const machines = spec.config.nodes.length;
  if (machines <= 200) return 1;
  return machines <= 1000 ? 5 : 10;
}
