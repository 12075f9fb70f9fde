import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';

import { openApiText } from './openApiText.js';

interface Media {
  schema?: object;
  example?: unknown;
}

interface Operation {
  operationId: string;
  parameters?: { name: string; in: string; schema: object; example?: unknown }[];
  requestBody?: { content: Record<string, Media> };
  responses: Record<string, { content?: Record<string, Media> }>;
}

const document = JSON.parse(await openApiText()) as {
  paths: Record<string, Record<string, Operation>>;
};
const ajv = new Ajv2020({ strict: false, validateFormats: false });
ajv.addSchema({ ...document, $id: 'openapi' });

/** What is wrong with an example; undefined: nothing. */
function problem(schema: object, example: unknown): string | undefined {
  // `#/components/…` is of the document.
  const whole = JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"openapi#/')) as object;
  return ajv.validate(whole, example) ? undefined : ajv.errorsText();
}

interface Place extends Media {
  at: string;
}

const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods));

/** Every body that is sent or answered. */
function bodies({ operationId, requestBody, responses }: Operation): Place[] {
  const of = (part: string, content: Record<string, Media> = {}): Place[] =>
    Object.entries(content).map(([type, media]) => ({
      ...media,
      at: `${operationId} ${part} ${type}`,
    }));
  return [
    ...of('request', requestBody?.content),
    ...Object.entries(responses).flatMap(([status, answer]) => of(status, answer.content)),
  ];
}

describe('the OpenAPI document', () => {
  test('has operations, and among their bodies requests, answers and errors', () => {
    const all = operations.flatMap(bodies).map(({ at }) => at);
    expect(all).toContain('applyCluster request application/yaml');
    expect(all).toContain('applyCluster 200 application/json');
    expect(all).toContain('applyCluster 409 application/json');
  });

  test('has an example of each request, answer and error', () => {
    const without = operations.flatMap(bodies).filter(({ example }) => example === undefined);
    expect(without.map(({ at }) => at)).toEqual([]);
  });

  test.each(operations.map((operation) => [operation.operationId, operation] as const))(
    '%s: each example is what its schema says',
    (_id, operation) => {
      const wrong = bodies(operation).flatMap(({ at, schema, example }) => {
        if (schema === undefined) return [`${at}: no schema`];
        const what = problem(schema, example);
        return what === undefined ? [] : [`${at}: ${what}`];
      });
      expect(wrong).toEqual([]);
    },
  );

  test('tells an example that its schema does not allow', () => {
    const schema = { $ref: '#/components/schemas/APIError' };
    expect(problem(schema, { code: '400' })).toContain('must have required property');
    expect(problem({ type: 'object', required: ['a'] }, {})).toContain("'a'");
  });
});
