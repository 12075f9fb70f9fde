import { z } from '@hono/zod-openapi';

import { NodeStatus, Role } from '../../core/words.js';
import { failureSchema, stepSchema } from './step.js';

export const hostKeySchema = z
  .object({
    fingerprint: z.string().meta({ example: 'SHA256:uNiVztksCsDhcc0u9e8BrqZQIQzHqXQ0hnM0rTSjRNA' }),
    source: z.enum(['spec', 'first-use', 'accepted', 'registration']),
    pinnedAt: z.string(),
    pending: z
      .object({ fingerprint: z.string(), seenAt: z.string() })
      .optional()
      .meta({ description: 'Seen since, and not trusted until a person accepts it.' }),
  })
  .meta({ id: 'HostKey' });

export const registrationSchema = z
  .object({
    address: z.string().meta({ example: '10.0.0.93' }),
    addresses: z.array(z.string()),
    username: z.string().meta({ example: 'plinth' }),
    port: z.int(),
    operatingSystem: z.string().meta({ example: 'Debian12' }),
    arch: z.enum(['amd64', 'arm64']),
    hostKeys: z.array(z.string()),
    registeredAt: z.string(),
    approvedAt: z.string().optional(),
    approvedBy: z.string().optional(),
  })
  .meta({
    id: 'NodeRegistration',
    description: 'What the machine said when the installer command ran on it, and who let it in.',
  });

export const nodeViewSchema = z
  .object({
    hostname: z.string(),
    status: z.enum(NodeStatus),
    roles: z.array(z.enum(Role)),
    privateIP: z.string().optional().meta({ description: 'Absent until the machine registers.' }),
    leaving: z.boolean().meta({ description: 'Not in the spec any more.' }),
    claimed: z.boolean().meta({ description: 'Something of ours may be on the machine.' }),
    joined: z.boolean(),
    lastError: failureSchema.optional(),
    orphaned: z
      .object({ since: z.string(), reason: z.string(), whatToDo: z.string() })
      .optional()
      .meta({
        description:
          'It was taken out with `force` while its machine did not answer, and the machine is as it was.',
      }),
    hostKey: hostKeySchema.optional(),
    registration: registrationSchema.optional(),
    bastionHostKey: hostKeySchema
      .optional()
      .meta({ description: 'Of the machine that connections to it go through.' }),
    steps: z.array(stepSchema),
    certificates: z
      .object({
        expiresAt: z.string().meta({ description: 'Of the first that ends.' }),
        first: z.string().meta({ description: 'Which that is.', example: 'apiserver' }),
        readAt: z.string(),
      })
      .optional()
      .meta({ id: 'NodeCertificates', description: 'Of a control plane, once they were read.' }),
    facts: z
      .unknown()
      .optional()
      .meta({ description: 'What the machine said about itself when it was last asked.' }),
  })
  .meta({ id: 'NodeDetails' });
