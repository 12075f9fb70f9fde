import { z } from '@hono/zod-openapi';

import { ErrorCode } from '../../core/errors.js';
import { OperationName } from '../../core/words.js';

export const failureSchema = z
  .object({
    message: z.string(),
    code: z.enum(ErrorCode).optional().meta({ description: 'Its class.' }),
    node: z.string(),
    step: z.string(),
    command: z.string().optional(),
    exitCode: z.int().optional(),
    lastLines: z.array(z.string()).optional(),
    hint: z.string().optional().meta({ description: 'What to do.' }),
  })
  .meta({ id: 'StepFailure' });

export const stepSchema = z
  .object({
    name: z.string().meta({ example: 'kubeadm-init' }),
    title: z.string().meta({ example: 'Initialise the control plane' }),
    state: z.enum(['pending', 'running', 'done', 'skipped', 'failed']),
    tasksetId: z.string().optional(),
    operation: z.enum(OperationName).optional(),
    attempt: z.int().optional(),
    startedAt: z.string().optional(),
    endedAt: z.string().optional(),
    unitStartedAt: z.string().optional().meta({ description: "By the machine's own clock." }),
    unitEndedAt: z.string().optional(),
    failure: failureSchema.optional(),
  })
  .meta({ id: 'Step', description: 'One step of one node.' });
