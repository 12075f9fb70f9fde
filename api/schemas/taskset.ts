import { z } from '@hono/zod-openapi';

import { OperationName, OperationStatus, TasksetStatus } from '../../core/words.js';
import { stepSchema } from './step.js';

export const operationHead = {
  name: z.enum(OperationName),
  resourceName: z.string(),
  status: z.enum(OperationStatus),
  reason: z.string().meta({ description: 'Why it is there.' }),
  workflowId: z.string().meta({ description: 'Its name in Temporal.' }),
  errorSummary: z.string().optional(),
  startedAt: z.string().optional(),
  endedAt: z.string().optional(),
};

export const tasksetHead = {
  id: z.string().meta({ example: 'yemp028' }),
  sequence: z.int().meta({ description: '1, 2, 3 … within the cluster.' }),
  generation: z.int().meta({ description: 'Of the spec that it applies.' }),
  status: z.enum(TasksetStatus),
  comments: z.string(),
  createdAt: z.string(),
  endedAt: z.string().optional(),
};

export const tasksetSummarySchema = z
  .object({
    ...tasksetHead,
    operations: z.array(z.object({ ...operationHead, nodes: z.array(z.string()) })),
  })
  .meta({ id: 'TasksetSummary' });

export const tasksetDetailsSchema = z
  .object({
    ...tasksetHead,
    operations: z.array(
      z.object({
        ...operationHead,
        nodes: z.array(
          z.object({
            hostname: z.string(),
            path: z.string().optional().meta({
              description: 'What is planned for the node: leader, control-plane, worker, …',
            }),
            steps: z.array(stepSchema),
          }),
        ),
        leave: z
          .array(z.string())
          .meta({ description: 'Nodes that are drained and taken out before they are cleaned.' }),
        plainWorkers: z.array(z.string()).optional().meta({
          description: 'Of those that leave, nodes that etcd has nothing to do with.',
        }),
        firstSteps: z
          .array(z.string())
          .optional()
          .meta({ description: 'Done once, through a control plane, before the nodes.' }),
        clusterSteps: z
          .array(z.string())
          .meta({ description: 'Done once, through a control plane, after the nodes.' }),
      }),
    ),
  })
  .meta({
    id: 'TasksetDetails',
    description:
      'Operations, their nodes, the steps of each. A node keeps the latest record of each step: of an ' +
      'older taskset only those steps are there that no later one ran again.',
  });
