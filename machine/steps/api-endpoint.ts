import { API_ENDPOINT_NAME, API_ENDPOINT_PORT, apiServerOf } from '../kubeadm/endpoint.js';
import type { StepModule } from './types.js';

export const apiEndpointStep: StepModule = {
  name: 'api-endpoint',
  script: ['api-endpoint.sh'],
  finishes: true,
  timeoutSeconds: 120,
  params: ({ controlPlanes }) => ({
    ENDPOINT_NAME: API_ENDPOINT_NAME,
    ENDPOINT_PORT: String(API_ENDPOINT_PORT),
    BACKENDS: controlPlanes
      .map(({ hostname, privateIP }) => `${hostname} ${apiServerOf(privateIP)}`)
      .join('\n'),
  }),
};
