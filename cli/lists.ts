import type { Client } from './client.js';

export interface ListPage<T> {
  metadata: { count: number; continue?: string };
  items: T[];
}

export interface Listed<T> {
  items: T[];
  /** Of all that the filters hold for. */
  count: number;
}

/** Most of what the API gives in one page. */
const MOST = 1000;

/**
 * The first `limit` items of a list, or all of them. What is made or deleted meanwhile shifts nothing: each page goes on
 * after the last item of the one before.
 */
export async function readList<T>(
  client: Client,
  path: string,
  {
    filters = {},
    limit = Infinity,
    page: most = MOST,
  }: { filters?: Record<string, string | undefined>; limit?: number; page?: number } = {},
): Promise<Listed<T>> {
  const items: T[] = [];
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(filters)) if (value) query.set(name, value);
  for (;;) {
    query.set('limit', String(Math.min(most, limit - items.length)));
    const page = await client.getJson<ListPage<T>>(`${path}?${query.toString()}`);
    items.push(...page.items);
    const next = page.metadata.continue;
    if (next === undefined || items.length >= limit) return { items, count: page.metadata.count };
    query.set('continue', next);
  }
}
