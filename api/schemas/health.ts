import { z } from '@hono/zod-openapi';

import { ConditionStatus, NodeStatus } from '../../core/words.js';
import { CLUSTER_EXAMPLE } from './example.js';

const machineSchema = z
  .object({
    observedAt: z.string(),
    certificatesExpireAt: z.string().optional().meta({
      description: 'The first of those that a renewal renews; of control planes only.',
    }),
    certificates: z.array(z.object({ name: z.string(), expiresAt: z.string() })),
    disks: z.array(z.object({ path: z.string(), usedPercent: z.number(), freeMiB: z.number() })),
    drift: z
      .array(z.string())
      .meta({ description: 'What is not as it was set up, each in words.' }),
  })
  .meta({
    id: 'MachineHealth',
    description: 'What the machine said itself: each is asked twice an hour.',
  });

const nodeSchema = z
  .object({
    hostname: z.string(),
    status: z.enum(NodeStatus).optional().meta({
      description: 'As in the status. Absent: the spec does not hold the node.',
    }),
    observedAt: z.string().optional().meta({
      description: 'When an API server listed it last; absent: none ever has.',
    }),
    ready: z.enum(['True', 'False', 'Unknown']).optional(),
    reason: z.string().optional(),
    message: z.string().optional(),
    changedAt: z.string().optional().meta({ description: 'When Ready last changed.' }),
    version: z.string().optional(),
    addresses: z.array(z.string()).optional(),
    cordoned: z.boolean().optional(),
    pressures: z.array(z.string()).optional(),
    machine: machineSchema.optional(),
  })
  .meta({ id: 'NodeHealth' });

export const healthSchema = z
  .object({
    lookedAt: z.string().meta({ description: 'When it was looked at last.' }),
    seenAt: z.string().optional().meta({
      description: 'When an API server answered last: the time of what is said of nodes and etcd.',
    }),
    through: z.string().optional().meta({ description: 'The control plane that it was through.' }),
    ready: z
      .object({ status: z.enum(ConditionStatus), reason: z.string() })
      .meta({ description: 'The condition ClusterReady.' }),
    warnings: z.array(z.string()).meta({
      description:
        'What to see to before it breaks something: certificates that end, full disks, drift, cordoned nodes.',
    }),
    failures: z
      .array(
        z.object({
          hostname: z.string(),
          kind: z.enum(['unreachable', 'refused', 'api']),
          message: z.string(),
        }),
      )
      .meta({ description: 'Control planes that nothing was seen through the last time.' }),
    etcd: z
      .array(z.object({ name: z.string(), healthy: z.boolean(), learner: z.boolean() }))
      .optional()
      .meta({ description: 'Absent: it did not tell.' }),
    nodes: z.array(nodeSchema),
  })
  .meta({
    id: 'ClusterHealth',
    description: 'What was seen of a cluster when it was looked at last.',
  });

const [{ hostname }] = CLUSTER_EXAMPLE.spec.config.nodes;

export const HEALTH_EXAMPLE = {
  ...{ lookedAt: '2026-11-26T06:50:12.301Z', seenAt: '2026-11-26T06:50:12.301Z' },
  through: hostname,
  ready: { status: 'True', reason: 'blueprint synced' },
  warnings: [`/var/lib/containerd of ${hostname} is 87 % full`],
  failures: [],
  etcd: [{ name: hostname, healthy: true, learner: false }],
  nodes: [
    {
      ...{ hostname, status: 'READY', observedAt: '2026-11-26T06:50:12.301Z' },
      ...{ ready: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status' },
      ...{ changedAt: '2026-11-24T08:29:02Z', version: 'v1.34.4', addresses: ['10.0.0.93'] },
      ...{ cordoned: false, pressures: [] },
      machine: {
        ...{ observedAt: '2026-11-26T06:31:40.110Z', certificatesExpireAt: '2027-11-24T08:25:31Z' },
        certificates: [{ name: 'apiserver', expiresAt: '2027-11-24T08:25:31Z' }],
        disks: [{ path: '/var/lib/containerd', usedPercent: 87, freeMiB: 5_321 }],
        drift: [],
      },
    },
  ],
} as const;
