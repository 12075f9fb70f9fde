import { z } from '@hono/zod-openapi';

import { apiErrorSchema } from '../schemas/apiError.js';

const WORDS = {
  400: 'The request is not valid; every problem is in `details`',
  401: 'No API key, or one that is not known',
  403: 'The key has not the role, or is for another project',
  404: 'There is no such thing',
  409: 'Not possible as things stand',
  413: 'The body is larger than 4 MiB',
  415: 'Neither JSON nor YAML',
  503: 'The database or Temporal does not answer',
} as const;

type ErrorStatus = keyof typeof WORDS;

/** The errors of a route, for its description. */
export function errors(...statuses: ErrorStatus[]) {
  return Object.fromEntries(
    statuses.map((status) => [
      status,
      {
        description: WORDS[status],
        content: { 'application/json': { schema: apiErrorSchema } },
      },
    ]),
  );
}

/** A JSON answer of a route; `T` is what the handler gives, `schema` what the document says. */
export function json<T>(schema: z.ZodType, description: string, example?: unknown) {
  return {
    description,
    content: {
      'application/json': {
        schema: schema as z.ZodType<T>,
        ...(example === undefined ? {} : { example }),
      },
    },
  };
}

/** Of a route that answers with an `ETag`. */
export const notModified = {
  304: { description: 'The same as the `If-None-Match` that was sent. The body is empty' },
} as const;

/** Headers of a request that reads. */
export const readHeaders = z.object({
  'if-none-match': z
    .string()
    .optional()
    .meta({ description: 'An `ETag` from before: 304 while nothing has changed' }),
});

/** Headers of a request that changes a cluster. */
export const changeHeaders = z.object({
  'if-match': z.string().optional().meta({
    description:
      'An `ETag` of the cluster or its `metadata.resourceVersion`: 409 when it was changed since',
  }),
});

const flag = (description: string) => z.enum(['true', 'false']).optional().meta({ description });

/** Query of a request that plans a taskset. */
export const changeQuery = z.object({
  force: flag(
    '`true`: machines that leave and do not answer are taken out without being cleaned, and listed as ORPHANED; ' +
      'an even number of control planes is let be. The quorum of etcd is never given up for it',
  ),
  dryRun: flag('`true`: what would be done is answered, and nothing is changed'),
});

/** A body that the handler reads itself, as JSON or YAML: `name` is a registered component. */
export function documentBody(name: string, example: unknown) {
  const schema = { $ref: `#/components/schemas/${name}` };
  return {
    required: true,
    content: {
      'application/json': { schema, example },
      'application/yaml': { schema, example },
    },
  };
}
