import { z } from '@hono/zod-openapi';

import { OperationName, OperationStatus, TasksetStatus } from '../../core/words.js';
import { stepSchema } from './step.js';
import { operationHead, tasksetHead } from './taskset.js';

const planned = (name: string, title: string) => ({ name, title, state: 'pending' }) as const;

const EXAMPLE = {
  ...{ id: 'dry-run', sequence: 2, generation: 2, dryRun: true, status: TasksetStatus.Pending },
  comments: 'dry run, nothing was changed: this is what would be done',
  createdAt: '2026-11-24T08:31:02.118Z',
  operations: [
    {
      ...{ name: OperationName.NodeRemoval, resourceName: 'demo-cluster', workflowId: '' },
      ...{ status: OperationStatus.Pending, reason: 'not in the spec any more: ap-node3' },
      nodes: [
        {
          ...{ hostname: 'ap-node3', path: 'clean', reason: 'it is not in the spec any more' },
          steps: [
            planned('drain', 'Drain the node'),
            planned('node-delete', 'Delete the node object'),
            planned('reset', 'Stop and remove Kubernetes'),
            planned('restore', 'Restore what was there before'),
            planned('release', 'Release the machine'),
          ],
        },
      ],
      ...{ leave: ['ap-node3'], plainWorkers: ['ap-node3'], clusterSteps: [] },
    },
  ],
  refusals: [],
} as const;

export const tasksetPlanSchema = z
  .object({
    ...tasksetHead,
    id: z.literal('dry-run'),
    sequence: z.int().meta({ description: 'That of the taskset that an apply would begin.' }),
    dryRun: z.literal(true),
    operations: z.array(
      z.object({
        ...operationHead,
        errorSummary: z
          .string()
          .optional()
          .meta({ description: 'Why etcd would not let it, as its members were seen last.' }),
        kubernetesVersion: z.string().optional().meta({
          description: "What its steps work with, where that is not the spec's.",
        }),
        nodes: z.array(
          z.object({
            hostname: z.string(),
            path: z.string().optional(),
            reason: z.string().meta({ description: 'Why this node is in it.' }),
            steps: z.array(stepSchema),
          }),
        ),
        leave: z.array(z.string()),
        plainWorkers: z.array(z.string()).optional().meta({
          description: 'Of those that leave, nodes that etcd has nothing to do with.',
        }),
        firstSteps: z
          .array(z.string())
          .optional()
          .meta({ description: 'Done once, through a control plane, before the nodes.' }),
        clusterSteps: z.array(z.string()),
      }),
    ),
    refusals: z.array(z.object({ path: z.string(), message: z.string() })).meta({
      description:
        'Why it would not be done: what an apply answers with 400, or what etcd would not let it.',
    }),
  })
  .meta({
    id: 'TasksetPlan',
    description: 'With `dryRun=true`: the taskset that would be done, in the shape of a taskset.',
    example: EXAMPLE,
  });
