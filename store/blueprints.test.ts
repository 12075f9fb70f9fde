import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import type { StoredAddon } from '../core/blueprints.js';
import type { Rollout } from '../core/rollout.js';
import { desired } from '../test/store/desired.js';
import { openTestDatabase, type TestDatabase } from '../test/store/testDatabase.js';

let db: TestDatabase;
let count = 0;
let name = '';
beforeAll(async () => {
  db = await openTestDatabase();
}, 60_000);
afterAll(() => db.close());
beforeEach(() => {
  count += 1;
  name = `web-${String(count)}`;
});

const project = 'defaultproject';
const addon = (id: string): StoredAddon => ({
  ...{ name: 'a', type: 'Manifest', content: { id, size: 1, chunks: 1 } },
});
const put = (id: string, version?: string, rest: object = {}) =>
  db.store.blueprints.put({
    record: { project, name, ...rest },
    version: {
      ...{ base: 'minimal', addons: [addon(id)] },
      ...(version === undefined ? {} : { version }),
    },
  });

/** A cluster that names the blueprint. */
async function cluster(of: string, version?: string) {
  const spec = desired(of);
  spec.spec.blueprint = { name, ...(version === undefined ? {} : { version }) };
  return db.store.clusters.apply({ project, name: of, desired: spec, secretsHash: 'h' });
}

describe('a blueprint', () => {
  it('gets a new number with each new content, and keeps the old versions', async () => {
    expect(await put('one')).toMatchObject({ created: true, version: { version: 'v1' } });
    expect(await put('one')).toMatchObject({ created: false, changed: false });
    expect(await put('two')).toMatchObject({ changed: true, version: { version: 'v2' } });
    const { items } = await db.store.blueprints.versions(project, name, { limit: 10 });
    expect(items.map(({ version }) => version)).toEqual(['v2', 'v1']);
    expect((await db.store.blueprints.version(project, name, 'v1'))?.addons[0]?.content.id).toBe(
      'one',
    );
    expect((await db.store.blueprints.words(project)).get(name)).toEqual(['v1', 'v2']);
  });

  it('takes the words that it is given, and no other content under one of them', async () => {
    expect((await put('one', 'blue')).version).toMatchObject({ version: 'blue', given: true });
    expect((await put('two', 'v2')).version.sequence).toBe(2);
    await expect(put('three', 'blue')).rejects.toMatchObject({ code: 'Conflict' });
    expect((await put('one', 'blue')).changed).toBe(false);
    expect((await put('three')).version).toMatchObject({ version: 'v3', given: false });
  });

  it('skips a number that somebody gave as a word', async () => {
    await put('one', 'v2');
    expect((await put('two')).version).toMatchObject({ sequence: 2, version: 'v3' });
  });

  it('gives each of several posts at once a version of its own', async () => {
    const made = await Promise.all(['a', 'b', 'c', 'd'].map((id) => put(id)));
    expect(made.map(({ version }) => version.sequence).toSorted()).toEqual([1, 2, 3, 4]);
    expect(new Set(made.map(({ version }) => version.version)).size).toBe(4);
  });

  it('has the metadata and the policy that were posted last', async () => {
    await put('one', undefined, { description: 'first', rollout: { concurrency: '2' } });
    const { record, changed } = await put('one', undefined, { labels: { 'a.b/c': 'x' } });
    expect(changed).toBe(false);
    expect(record).toMatchObject({ labels: { 'a.b/c': 'x' } });
    expect(record.description).toBeUndefined();
    expect(record.rollout).toBeUndefined();
  });

  it('is resolved to its newest version, or to the one that is named', async () => {
    await put('one');
    await put('two');
    const { resolve } = db.store.blueprints;
    expect(await resolve(project, { name })).toMatchObject({ version: 'v2', base: 'minimal' });
    expect(await resolve(project, { name, version: 'latest' })).toMatchObject({ version: 'v2' });
    expect(await resolve(project, { name, version: 'v1' })).toMatchObject({ version: 'v1' });
    expect(await resolve(project, { name: 'default' })).toBeUndefined();
    await expect(resolve(project, { name, version: 'v9' })).rejects.toMatchObject({
      code: 'NotFound',
    });
  });
});

describe('a blueprint that clusters name', () => {
  it('is not removed, and the clusters are named', async () => {
    await put('one');
    await cluster(`${name}-a`);
    await cluster(`${name}-b`, 'v1');
    expect(await db.store.blueprints.remove(project, name)).toEqual({
      ...{ removed: false, usedBy: [`${name}-a`, `${name}-b`] },
    });
    expect(await db.store.blueprints.get(project, name)).toBeDefined();
  });

  it('is not removed between an apply’s check and its record', async () => {
    await put('one');
    await db.store.blueprints.noteUse(project, name, 'coming');
    expect((await db.store.blueprints.remove(project, name)).usedBy).toEqual(['coming']);
  });

  it('is removed once the cluster names another one; then nobody may name it', async () => {
    await put('one');
    await db.store.blueprints.noteUse(project, name, `${name}-a`);
    await cluster(`${name}-a`);
    const other = desired(`${name}-a`);
    await db.store.clusters.apply({
      ...{ project, name: `${name}-a`, desired: other, secretsHash: 'h' },
    });
    expect((await db.store.blueprints.remove(project, name)).removed).toBe(true);
    expect(await db.store.blueprints.version(project, name)).toBeUndefined();
    await expect(db.store.blueprints.noteUse(project, name, 'late')).rejects.toMatchObject({
      code: 'Conflict',
    });
  });

  it('is followed by those that name no version, and rolled out to them when it changes', async () => {
    await put('one');
    await cluster(`${name}-a`);
    await cluster(`${name}-b`, 'v1');
    await cluster(`${name}-c`, 'latest');
    expect((await db.store.blueprints.followers(project, name)).map((each) => each.name)).toEqual([
      `${name}-a`,
      `${name}-c`,
    ]);
    const pending = async () =>
      (await db.store.blueprints.pendingRollouts(1000)).some((each) => each.name === name);
    expect(await pending()).toBe(false);
    await put('two');
    expect(await pending()).toBe(true);
    const rollout: Rollout = {
      ...{ project, name, version: 'v2', sequence: 2, clusters: [] },
      ...{ state: 'Complete' as const, startedAt: 'now' },
    };
    await put('three');
    await db.store.blueprints.endRollout(rollout);
    expect(await pending(), 'the third came meanwhile').toBe(true);
    await db.store.blueprints.endRollout({ ...rollout, sequence: 3 });
    expect(await pending()).toBe(false);
    expect(await db.store.blueprints.rollout(project, name)).toMatchObject({ sequence: 3 });
  });
});
