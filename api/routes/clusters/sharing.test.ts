import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import type { Cluster } from '../../../core/cluster.js';
import type { ApiError } from '../../http/apiError.js';
import { clustersOf, openTestApi, type TestApi } from '../../../test/api/openTestApi.js';

let api: TestApi;
let owner: string;
let other: string;
beforeAll(async () => {
  api = await openTestApi();
});
afterAll(() => api.close());
beforeEach(async () => {
  owner = await api.project();
  other = await api.project();
});

const shareWith =
  (...names: string[]) =>
  ({ spec }: Cluster): void => {
    spec.sharing = { enabled: true, projects: names.map((name) => ({ name })) };
  };
const there = (rest = ''): string => `${clustersOf(other)}/demo${rest}`;
const status = async (method: string, path: string, key?: string): Promise<number> =>
  (await api.call(method, path, key === undefined ? {} : { key })).status;

describe('a cluster that is shared with a project', () => {
  beforeEach(async () => {
    expect((await api.apply(owner, 'demo', shareWith(other))).status).toBe(200);
  });

  test('can be read there, by a viewer of that project alone, as the cluster that it is', async () => {
    const key = await api.key('viewer', other);
    for (const rest of ['', '/status', '/nodes', '/tasksets']) {
      expect(await status('GET', there(rest), key), rest).toBe(200);
    }
    const { metadata } = (await (await api.call('GET', there(), { key })).json()) as Cluster;
    expect(metadata).toMatchObject({ name: 'demo', project: owner });
  });

  test('can only be read: not changed, deleted or entered from there', async () => {
    const key = await api.key('admin', other);
    expect(await status('DELETE', there(), key)).not.toBe(500);
    expect((await api.deps.store.clusters.get(owner, 'demo'))?.deleting).toBe(false);
    for (const path of ['/retry', '/cancel']) {
      expect(await status('POST', there(path), key), path).toBe(404);
    }
    expect(await status('GET', there('/kubeconfig'), key)).toBe(404);
  });

  test('gives way to one of the same name that the project has itself', async () => {
    expect((await api.apply(other, 'demo')).status).toBe(200);
    const own = (await (await api.call('GET', there())).json()) as Cluster;
    expect(own.metadata.project).toBe(other);
  });

  test('is in the list of what is shared with that project, not among its own', async () => {
    const names = async (query: string): Promise<string[]> => {
      const answer = await api.call('GET', `${clustersOf(other)}${query}`);
      const { items } = (await answer.json()) as { items: Cluster[] };
      return items.map(({ metadata }) => `${metadata.project}/${metadata.name}`);
    };
    expect(await names('?shared=true')).toContain(`${owner}/demo`);
    expect(await names('?shared=true&name=other')).toEqual([]);
    expect(await names('')).toEqual([]);
    expect((await api.call('GET', `${clustersOf(other)}?shared=yes`)).status).toBe(400);
  });

  test('is found by the v1 look-ups as well', async () => {
    const project = await api.deps.store.projects.get(other);
    const edges = `/edge/v1/projects/${project!.id}/edges/`;
    const found = (await (await api.call('GET', `${edges}?name=demo`)).json()) as {
      results: { id: string }[];
    };
    expect(found.results).toHaveLength(1);
    expect(await status('GET', `${edges}${found.results[0]!.id}/`)).toBe(200);
  });

  test('is gone there once it is not shared any more', async () => {
    const { spec, metadata } = (await (
      await api.call('GET', `${clustersOf(owner)}/demo`)
    ).json()) as Cluster;
    spec.sharing = { enabled: false };
    const body = { apiVersion: 'infra.k8smgmt.io/v3', kind: 'Cluster', metadata, spec };
    expect((await api.call('POST', clustersOf(owner), { body })).status).toBe(200);
    expect(await status('GET', there())).toBe(404);
  });
});

describe('sharing', () => {
  test('with "*" is with every project', async () => {
    await api.apply(owner, 'demo', shareWith('*'));
    expect(await status('GET', there())).toBe(200);
  });

  test('with a project that there is not is refused, and a key of one project is not told', async () => {
    const answer = await api.apply(owner, 'demo', shareWith('no-such-project'));
    expect(answer.status).toBe(400);
    const { details } = (await answer.json()) as ApiError;
    expect(details.map(({ path }) => path)).toEqual(['spec.sharing.projects[0].name']);
  });

  test('is not with a project that nobody named', async () => {
    await api.apply(owner, 'private', shareWith(await api.project()));
    expect(await status('GET', `${clustersOf(other)}/private`)).toBe(404);
  });
});
