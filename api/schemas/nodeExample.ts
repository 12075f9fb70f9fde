import { CLUSTER_EXAMPLE } from './example.js';
import { STEP_EXAMPLE } from './tasksetExample.js';

export const HOST_KEY_EXAMPLE = {
  fingerprint: 'SHA256:uNiVztksCsDhcc0u9e8BrqZQIQzHqXQ0hnM0rTSjRNA',
  source: 'accepted',
  pinnedAt: '2026-11-24T08:23:41.120000Z',
} as const;

const [spec] = CLUSTER_EXAMPLE.spec.config.nodes;

export const NODE_EXAMPLE = {
  ...{ hostname: spec.hostname, status: 'READY', roles: spec.roles, privateIP: spec.privateIP },
  ...{ leaving: false, claimed: true, joined: true },
  hostKey: HOST_KEY_EXAMPLE,
  steps: [STEP_EXAMPLE],
  facts: { hostname: spec.hostname, arch: 'amd64', cpus: 4, memoryMiB: 7_936 },
} as const;

export const APPROVED_NODE_EXAMPLE = {
  ...{ hostname: spec.hostname, status: 'APPROVED', roles: spec.roles, privateIP: spec.privateIP },
  ...{ leaving: false, claimed: false, joined: false },
  registration: {
    ...{ address: '10.0.0.93', addresses: ['10.0.0.93'], username: 'plinth', port: 22 },
    ...{ operatingSystem: 'Debian12', arch: 'amd64' },
    hostKeys: ['SHA256:uNiVztksCsDhcc0u9e8BrqZQIQzHqXQ0hnM0rTSjRNA'],
    registeredAt: '2026-11-24T08:23:41.120000Z',
    ...{ approvedAt: '2026-11-24T08:25:02.334000Z', approvedBy: 'ops (1f0c…)' },
  },
  steps: [],
} as const;
