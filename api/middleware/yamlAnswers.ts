import { createMiddleware } from 'hono/factory';
import { stringify } from 'yaml';

import type { ApiEnv } from '../env.js';
import { yamlTypeOf, wantsYaml } from '../http/wantsYaml.js';

const JSON_TYPE = /application\/json/;

/** Answers in YAML where the client asks for it and not also for JSON. */
export function yamlAnswers() {
  return createMiddleware<ApiEnv>(async (c, next) => {
    await next();
    if (!wantsYaml(c)) return;
    if (!JSON_TYPE.test(c.res.headers.get('content-type') ?? '')) return;
    const value: unknown = await c.res.clone().json();
    const headers = new Headers(c.res.headers);
    headers.set('content-type', `${yamlTypeOf(c)}; charset=utf-8`);
    headers.delete('content-length');
    const { status } = c.res;
    c.res = undefined;
    c.res = new Response(stringify(value), { status, headers });
  });
}
