import { API_ERROR_EXAMPLE } from '../schemas/apiError.js';

const CHANGING = ['post', 'put', 'patch', 'delete'];

interface Answer {
  headers?: Record<string, unknown>;
  content?: Record<string, { schema?: unknown; example?: unknown }>;
}

interface Operation {
  security?: unknown[];
  parameters?: unknown[];
  responses: Record<string, Answer>;
}

interface Document {
  paths?: Record<string, Record<string, unknown>>;
}

const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  schema: { type: 'string', pattern: '^[\\x21-\\x7e]{1,255}$' },
  // No example: the Swagger page would send it with each request, of which the second is refused.
  description:
    'Yours for this request, a UUID say. The same key with the same request gets the first answer again, for 24 hours',
};

const REQUEST_ID = {
  schema: { type: 'string' },
  description: 'Of this request: in the log, the audit record and the workflow too',
  example: '7d9b1c52-3f0a-4f6e-8f57-0c2f8f6f4c11',
};

/** Adds what holds for every operation of a kind, so that no route has to say it. */
export function documentCommon<T extends object>(document: T): T {
  for (const methods of Object.values((document as Document).paths ?? {})) {
    for (const [method, value] of Object.entries(methods)) {
      const operation = value as Operation;
      const { parameters = [], responses } = operation;
      if (CHANGING.includes(method)) {
        operation.parameters = [...parameters, IDEMPOTENCY_KEY];
        responses['422'] ??= refusal('The `Idempotency-Key` was sent before, with another request');
      }
      if (operation.security?.length !== 0) {
        // A path or query that the key's checks cannot read, whatever the route.
        responses['400'] ??= refusal('The request is not valid; every problem is in `details`');
        responses['429'] ??= refusal('Too many requests: come back after `Retry-After`');
        responses['500'] ??= refusal('Unexpected: the log has it under the request id');
        responses['503'] ??= refusal('The database or Temporal does not answer, or is busy');
      }
      for (const [status, answer] of Object.entries(responses)) documentAnswer(status, answer);
    }
  }
  return document;
}

/** An error that a route describes itself gets its example here. */
function documentAnswer(status: string, answer: Answer): void {
  answer.headers = { ...answer.headers, 'x-request-id': REQUEST_ID };
  const content = answer.content?.['application/json'];
  const { $ref } = (content?.schema ?? {}) as { $ref?: string };
  if (content === undefined || !($ref?.endsWith('/APIError') ?? false)) return;
  content.example ??= API_ERROR_EXAMPLE[status];
}

function refusal(description: string): Answer {
  const schema = { $ref: '#/components/schemas/APIError' };
  return { description, content: { 'application/json': { schema } } } as Answer;
}
