import { z } from 'zod';
import { TAINT_EFFECTS } from './node.js';

export const tolerationSchema = z
  .strictObject({
    key: z.string().optional(),
    operator: z.enum(['Exists', 'Equal']).optional(),
    value: z.string().optional(),
    effect: z.enum(TAINT_EFFECTS).optional(),
    tolerationSeconds: z.int().min(0).optional(),
  })
  .meta({ id: 'Toleration' });

export const placementSchema = z
  .strictObject({
    nodeSelector: z.record(z.string(), z.string()).optional(),
    tolerations: z.array(tolerationSchema).optional(),
    daemonSetOverride: z
      .strictObject({
        nodeSelectionEnabled: z.boolean().optional(),
        tolerations: z.array(tolerationSchema).optional(),
      })
      .optional(),
  })
  .meta({
    id: 'SystemComponentsPlacement',
    description: "Where the blueprint's workloads run.",
  });
