import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import type { ConsoleSpec } from '../core/consoleModel.js';
import { loadSpec } from './loadSpec.js';
import type { ClusterState } from './state.js';

/* A server whose answers come when the test says so, in any order. */

let answers: ((answer: Response) => void)[];
beforeEach(() => {
  answers = [];
  vi.stubGlobal('fetch', () => new Promise<Response>((resolve) => answers.push(resolve)));
});
afterEach(() => {
  vi.unstubAllGlobals();
});

const spec = (resourceVersion: string): ConsoleSpec => ({
  desired: 'kind: Cluster',
  resourceVersion,
});
const refused = (message: string): Response => Response.json({ message }, { status: 500 });
const shown = (): ClusterState => ({
  ...{ project: 'p', name: 'demo', gone: false, live: true, nodeFilter: '' },
  ...{ open: new Map(), logs: new Map() },
});

test('the spec that was asked for last is shown, whichever answer comes last', async () => {
  const state = shown();
  const loads = [loadSpec(state), loadSpec(state)];
  answers[1]!(Response.json(spec('2')));
  await loads[1];
  expect(state.spec).toEqual(spec('2'));
  answers[0]!(Response.json(spec('1')));
  await loads[0];
  expect(state.spec).toEqual(spec('2'));
});

test('a refusal that comes late is none of what is shown', async () => {
  const state = shown();
  const loads = [loadSpec(state), loadSpec(state)];
  answers[1]!(Response.json(spec('2')));
  answers[0]!(refused('away'));
  await Promise.all(loads);
  expect([state.spec, state.specError]).toEqual([spec('2'), undefined]);
});

test('what was refused is said, until it is there', async () => {
  const state = shown();
  const first = loadSpec(state);
  answers[0]!(refused('away'));
  await first;
  expect(state.specError).toBe('away');
  const second = loadSpec(state);
  answers[1]!(Response.json(spec('1')));
  await second;
  expect([state.spec, state.specError]).toEqual([spec('1'), undefined]);
});
