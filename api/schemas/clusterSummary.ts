import { z } from '@hono/zod-openapi';

import { ClusterState } from '../../core/clusterState.js';
import { ProvisionStatus } from '../../core/words.js';

export const clusterSummarySchema = z
  .object({
    name: z.string(),
    id: z.string(),
    state: z.enum(ClusterState).meta({ description: 'How it stands, in one word for people.' }),
    reason: z.string().meta({ description: 'Why it is in that state.' }),
    provisionStatus: z.enum(ProvisionStatus),
    kubernetesVersion: z.string(),
    appliedVersion: z.string().optional().meta({
      description: 'What runs, where it is another version than the one that is wanted.',
    }),
    blueprint: z.object({ name: z.string(), version: z.string().optional() }),
    nodes: z.object({
      ready: z.int().meta({ description: 'Nodes of the spec that are READY.' }),
      total: z.int().meta({ description: 'Nodes of the spec.' }),
    }),
    labels: z.record(z.string(), z.string()),
    createdAt: z.string(),
    modifiedAt: z.string(),
  })
  .meta({ id: 'ClusterSummary', description: 'A cluster as a row of a table.' });

export const CLUSTER_SUMMARY_EXAMPLE = {
  ...{ name: 'demo-cluster', id: 'pd270k4', state: ClusterState.Ready },
  reason: 'clusterOperation is applied',
  provisionStatus: ProvisionStatus.Complete,
  kubernetesVersion: 'v1.34.4',
  blueprint: { name: 'minimal' },
  nodes: { ready: 3, total: 3 },
  labels: { env: 'prod' },
  createdAt: '2026-11-24T08:23:38.051Z',
  modifiedAt: '2026-11-24T14:41:57.051000Z',
} as const;
