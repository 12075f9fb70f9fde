import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

import type { ApiError } from './http/apiError.js';
import { openTestApi, type TestApi } from '../test/api/openTestApi.js';
import { newApp } from './app.js';

let api: TestApi;
beforeAll(async () => {
  api = await openTestApi();
});
afterAll(() => api.close());

interface Document {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, object>; securitySchemes: object };
}
interface Operation {
  operationId?: string;
  summary?: string;
  tags?: string[];
  security?: object[];
  responses: Record<string, { description: string }>;
}

const documentOf = async (): Promise<Document> =>
  (await api.call('GET', '/openapi.json', { key: null })).json() as Promise<Document>;

describe('what is not there', () => {
  test('is 404 in the form of every error', async () => {
    const answer = await api.call('GET', '/apis/nothing');
    expect(answer.status).toBe(404);
    const error = (await answer.json()) as ApiError;
    expect(error).toMatchObject({ code: 404, internal: 'NotFound', details: [] });
    expect(error.external).toContain('/apis/nothing');
    expect(answer.headers.get('x-request-id')).not.toBeNull();
  });

  test.each([
    ['PUT', '/healthz', 'GET, HEAD'],
    ['PATCH', '/apis/infra.k8smgmt.io/v3/projects/a/clusters/b', 'DELETE, GET, HEAD'],
    ['DELETE', '/apis/infra.k8smgmt.io/v3/projects/a/clusters/', 'GET, HEAD, POST'],
  ])('as a method is 405 that says which are: %s %s', async (method, path, allowed) => {
    const answer = await api.call(method, path);
    expect(answer.status).toBe(405);
    expect(answer.headers.get('allow')).toBe(allowed);
    expect(((await answer.json()) as ApiError).code).toBe(405);
  });
});

describe('an unexpected error', () => {
  test('is 500 without a word of it; the log has it under the request id', async () => {
    const { deps } = api;
    const store = {
      ...deps.store,
      apiKeys: {
        ...deps.store.apiKeys,
        findByHash: () => Promise.reject(new Error('planted: db at 10.1.1.1')),
      },
    };
    api.logged.length = 0;
    const answer = await newApp({ ...deps, store }).request('/apis/system.k8smgmt.io/v3/projects', {
      headers: { 'x-api-key': 'plinth_x', 'x-request-id': 'req-500' },
    });
    expect(answer.status).toBe(500);
    const text = await answer.text();
    expect(text).not.toMatch(/planted|10\.1|at .*\.ts/);
    expect(JSON.parse(text)).toMatchObject({ code: 500, internal: 'Internal' });
    const lines = api.logged.filter((line) => line.includes('req-500'));
    expect(lines.join()).toContain('planted');
  });
});

describe('without a key', () => {
  test.each(['/healthz', '/readyz', '/openapi.json', '/swagger', '/swagger/swagger-ui.css'])(
    'GET %s answers',
    async (path) => {
      expect((await api.call('GET', path, { key: null })).status).toBe(200);
    },
  );

  test('the API page loads nothing from elsewhere', async () => {
    const answer = await api.call('GET', '/swagger/', { key: null });
    const page = await answer.text();
    const links = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, link]) => link!);
    expect(links.length).toBeGreaterThan(2);
    for (const link of links) {
      expect(link).toMatch(/^\/swagger\//);
      expect((await api.call('GET', link, { key: null })).status).toBe(200);
    }
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'self'");
  });

  test.each(['/swagger/package.json', '/swagger/..%2f..%2fhono%2fpackage.json'])(
    'GET %s is 404',
    async (path) => {
      expect((await api.call('GET', path, { key: null })).status).toBe(404);
    },
  );
});

describe('/readyz', () => {
  test('is 503 and says what does not answer', async () => {
    api.workflows.away = true;
    const answer = await api.call('GET', '/readyz', { key: null });
    api.workflows.away = false;
    expect(answer.status).toBe(503);
    expect(await answer.json()).toEqual({
      status: 'not ready',
      checks: { database: 'ok', temporal: 'does not answer' },
    });
  });
});

describe('/readyz, asked by many at once', () => {
  test('asks the database and Temporal once', async () => {
    const pings = vi.spyOn(api.workflows, 'ping');
    const all = Array.from({ length: 20 }, () => api.call('GET', '/readyz', { key: null }));
    expect(new Set((await Promise.all(all)).map(({ status }) => status))).toEqual(new Set([200]));
    expect(pings.mock.calls.length).toBeLessThan(5);
    pings.mockRestore();
  });
});

describe('the OpenAPI document', () => {
  test('is 3.1 and describes every route that has a key or answers JSON', async () => {
    const { openapi, paths } = await documentOf();
    expect(openapi).toBe('3.1.0');
    const described = Object.entries(paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    );
    // The pages, and what only the console asks for, are no API.
    const others = /^\/(swagger|openapi|console\/|assets\/|clusters\/|$)/;
    const routes = api.app.routes
      .filter(({ method, path }) => method !== 'ALL' && !others.test(path))
      .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`);
    expect(described.toSorted()).toEqual([...new Set(routes)].toSorted());
  });

  test('names every operation once, with a summary, a tag and what can go wrong', async () => {
    const { paths } = await documentOf();
    const operations = Object.values(paths).flatMap((path) => Object.values(path));
    const ids = operations.map((operation) => operation.operationId);
    expect(new Set(ids).size).toBe(operations.length);
    for (const operation of operations) {
      expect(operation.summary).toBeTruthy();
      expect(operation.tags).toHaveLength(1);
      const open = operation.security?.length === 0;
      const byToken = operation.security?.some((each) => 'installerToken' in each) === true;
      expect('401' in operation.responses).toBe(!open && !byToken);
      if (byToken) expect(operation.responses).toHaveProperty('404');
    }
  });

  test('resolves every reference that it makes', async () => {
    const document = await documentOf();
    const names = [...JSON.stringify(document).matchAll(/"#\/components\/schemas\/([^"]+)"/g)];
    expect(names.length).toBeGreaterThan(20);
    for (const [, name] of names) expect(document.components.schemas).toHaveProperty(name!);
  });
});
