import { z } from 'zod';
import { API_VERSION } from '../../words.js';
import { nameText } from '../formats.js';
import { configSchema } from './config.js';
import { metadataSchema } from './metadata.js';
import { placementSchema } from './placement.js';
import { proxySchema } from './proxy.js';

export const clusterSpecSchema = z
  .strictObject({
    type: z.literal('mks'),
    config: configSchema,
    blueprint: z
      .strictObject({
        name: z.string().min(1).meta({ example: 'default' }),
        version: z.string().min(1).optional().meta({
          description: 'Left out, or `latest`: the newest, whichever that is.',
        }),
      })
      .meta({ id: 'BlueprintRef' }),
    cloudCredentials: nameText
      .optional()
      .meta({ description: 'The name of an uploaded SSH credential.' }),
    sharing: z
      .strictObject({
        enabled: z.boolean(),
        projects: z.array(z.strictObject({ name: z.string().min(1) })).optional(),
      })
      .optional()
      .meta({ description: 'Other projects that may read the cluster.' }),
    proxy: proxySchema.optional(),
    systemComponentsPlacement: placementSchema.optional(),
  })
  .meta({ id: 'ClusterSpec' });

/**
 * The Cluster as clients send it, field by field; rules that look at two fields are in ../rules. Plain zod: the
 * `id`s become the component names of the API's document.
 */
export const clusterSchema = z
  .strictObject({
    apiVersion: z.literal(API_VERSION),
    kind: z.literal('Cluster'),
    metadata: metadataSchema,
    spec: clusterSpecSchema,
    status: z.unknown().optional().meta({ description: 'Set by the server; ignored when sent.' }),
  })
  .meta({ id: 'Cluster', description: 'A Kubernetes cluster on machines of yours.' });
