import { z } from '@hono/zod-openapi';

/** The body of every error. */
export const apiErrorSchema = z
  .object({
    code: z.int().meta({ description: 'The HTTP status.', example: 400 }),
    external: z.string().meta({ description: 'What is wrong, whole.' }),
    internal: z.string().meta({ description: 'One word for programs.', example: 'InvalidRequest' }),
    message: z.string(),
    details: z
      .array(z.object({ path: z.string(), message: z.string() }))
      .meta({ description: 'Every problem, each with its path in the document.' }),
  })
  .meta({ id: 'APIError' });

/** One error of each status, as it is answered. */
export const API_ERROR_EXAMPLE: Readonly<Record<string, object>> = {
  400: {
    ...{ code: 400, internal: 'InvalidRequest', message: 'the cluster is not valid' },
    external:
      'the cluster is not valid: spec.config.network.cni.name: Cilium is not supported yet: use "Calico"',
    details: [
      {
        path: 'spec.config.network.cni.name',
        message: 'Cilium is not supported yet: use "Calico"',
      },
    ],
  },
  401: example(401, 'Unauthorized', 'this API key is not known here, or was revoked'),
  403: example(403, 'Forbidden', 'this needs the role operator: the key ci has the role viewer'),
  404: example(404, 'NotFound', 'project defaultproject has no cluster demo-cluster'),
  409: example(
    409,
    'Conflict',
    'cluster demo-cluster is being deleted: apply it again once it is gone',
  ),
  413: example(413, 'PayloadTooLarge', 'the body is larger than 4194304 bytes'),
  415: example(
    415,
    'UnsupportedMediaType',
    'content type text/plain is not read here: send application/json or application/yaml',
  ),
  422: example(
    422,
    'IdempotencyKeyReused',
    'this Idempotency-Key was sent before with another request: take a new one for each request',
  ),
  429: example(429, 'TooManyRequests', 'too many requests: come back after Retry-After'),
  500: example(500, 'Internal', 'an unexpected error: the log has it under the request id'),
  503: example(503, 'ConnectionLost', 'Temporal does not answer'),
};

function example(code: number, internal: string, message: string): object {
  return { code, external: message, internal, message, details: [] };
}
