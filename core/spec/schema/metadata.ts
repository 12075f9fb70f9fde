import { z } from 'zod';
import { nameText } from '../formats.js';

const ignored = z
  .unknown()
  .optional()
  .meta({ description: 'Set by the server; ignored when sent.' });
const pairs = z.record(z.string(), z.string());

export const metadataSchema = z
  .strictObject({
    name: nameText.meta({ description: 'Unique in the project.', example: 'demo-cluster' }),
    project: z
      .string()
      .min(1)
      .optional()
      .meta({ description: "The project's name; left out, the URL's.", example: 'defaultproject' }),
    displayName: z.string().max(256).optional(),
    description: z.string().max(2048).optional(),
    labels: pairs.optional().meta({ description: 'Of the cluster resource, not of its nodes.' }),
    annotations: pairs.optional(),
    modifiedAt: ignored,
    modifiedBy: ignored,
    createdAt: ignored,
    createdBy: ignored,
    creationTimestamp: ignored,
    generation: ignored,
    resourceVersion: z
      .unknown()
      .optional()
      .meta({ description: 'Set by the server; ignored when sent: say `If-Match`.' }),
    id: ignored,
    uid: ignored,
  })
  .meta({ id: 'ClusterMetadata', description: 'Names the cluster within its project.' });
