import { z } from 'zod';
import {
  CommonConditionStatus,
  ConditionStatus,
  ConditionType,
  NodeStatus,
  OperationName,
  OperationStatus,
  ProvisionStatus,
  TasksetStatus,
} from '../../words.js';
import { clusterSchema } from './cluster.js';

const conditionSchema = z
  .object({
    type: z.enum(ConditionType),
    status: z.enum(ConditionStatus),
    reason: z.string(),
    lastUpdated: z.string().optional(),
  })
  .meta({ id: 'Condition' });

const commonStatusSchema = z
  .object({
    conditionType: z.string().meta({ example: 'ClusterOperationApplied' }),
    conditionStatus: z
      .literal(Object.values(CommonConditionStatus))
      // The document would have the first of several literals only.
      .meta({ type: 'integer', enum: Object.values(CommonConditionStatus) })
      .meta({ description: '0 not set, 1 submitted, 2 OK, 3 failed.', example: 2 }),
    lastUpdated: z.object({ seconds: z.int(), nanos: z.int() }),
    reason: z.string(),
  })
  .meta({ id: 'CommonStatus' });

export const tasksetSchema = z
  .object({
    tasksetId: z.string().meta({ example: 'lk5xw2e' }),
    tasksetOperations: z.array(
      z
        .object({
          operationName: z.enum(OperationName),
          resourceName: z.string(),
          operationStatus: z.enum(OperationStatus),
          errorSummary: z.string().optional(),
        })
        .meta({ id: 'TasksetOperation' }),
    ),
    tasksetStatus: z.enum(TasksetStatus),
    comments: z.string(),
  })
  .meta({ id: 'Taskset', description: 'One run: terminal only when all its operations are.' });

export const clusterStatusSchema = z
  .object({
    id: z.string().meta({ example: 'pd270k4' }),
    name: z.string(),
    displayName: z.string(),
    createdAt: z.string(),
    conditions: z.array(conditionSchema),
    extra: z.object({ vaultIntegration: z.object({}) }),
    blueprint: z.object({ name: z.string() }),
    provisionStatus: z.enum(ProvisionStatus),
    commonStatus: commonStatusSchema,
    lastTasksets: z.array(tasksetSchema).meta({ description: 'Newest first, at most ten.' }),
    mks: z.object({
      nodes: z.array(
        z
          .object({ hostname: z.string(), status: z.enum(NodeStatus) })
          .meta({ id: 'NodeStatusView' }),
      ),
    }),
  })
  .meta({ id: 'ClusterStatus' });

/** The Cluster as it is answered: for the API's document, not for checking. */
export const clusterViewSchema = clusterSchema
  .extend({ status: clusterStatusSchema.optional() })
  .meta({ id: 'ClusterView', description: 'A cluster and where it stands.' });
