const CHANGING = ['post', 'put', 'patch', 'delete'];

interface Operation {
  security?: unknown[];
  parameters?: unknown[];
  responses: Record<string, unknown>;
}

interface Document {
  paths?: Record<string, Record<string, unknown>>;
}

const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  schema: { type: 'string', minLength: 1, maxLength: 255 },
  description: 'The same key with the same request gets the first answer again, for 24 hours',
};

/** Adds what holds for every operation of a kind, so that no route has to say it. */
export function documentCommon<T extends object>(document: T): T {
  for (const methods of Object.values((document as Document).paths ?? {})) {
    for (const [method, operation] of Object.entries(methods)) {
      if (!CHANGING.includes(method)) continue;
      const { parameters = [], responses } = operation as Operation;
      (operation as Operation).parameters = [...parameters, IDEMPOTENCY_KEY];
      responses['422'] ??= refusal('The `Idempotency-Key` was sent before, with another request');
      responses['503'] ??= refusal('The database or Temporal does not answer, or is busy');
    }
  }
  return document;
}

function refusal(description: string): object {
  const schema = { $ref: '#/components/schemas/APIError' };
  return { description, content: { 'application/json': { schema } } };
}
