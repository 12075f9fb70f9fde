import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { parse } from 'yaml';

import { ExitCode } from '../exitCodes.js';
import { runProgram } from '../program.js';

let answered = 0;
let server: Server;
let url: string;
beforeAll(async () => {
  // Each time another token: something to write.
  server = createServer((_request, response) => {
    answered += 1;
    const cluster = { server: 'https://10.0.0.1:7443' };
    response.end(
      JSON.stringify({
        clusters: [{ name: 'x', cluster }],
        users: [{ name: 'x', user: { token: String(answered) } }],
      }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'plinth-home-'));
  vi.useFakeTimers({ toFake: ['Date'], now: Date.parse('2026-03-04T05:06:07.008Z') });
  return () => rmSync(home, { recursive: true });
});
afterEach(() => vi.useRealTimers());

async function merge(at = url) {
  const err: string[] = [];
  const code = await runProgram(['kubeconfig', 'demo', '--merge'], {
    env: { HOME: home, PLINTH_URL: at, PLINTH_API_KEY: 'key', PLINTH_PROJECT: 'p' },
    out: () => undefined,
    err: (line) => err.push(line),
    screen: { print: () => undefined, picture: () => undefined },
  });
  return { code, err: err.join('\n') };
}
const config = (): string => readFileSync(join(home, '.kube', 'config'), 'utf8');
const backups = (): string[] =>
  readdirSync(join(home, '.kube')).filter((name) => name.endsWith('.bak'));

test('what two merges of one second found is kept, each in a file of its own', async () => {
  await merge();
  const first = config();
  await merge();
  const second = config();
  vi.advanceTimersByTime(1);
  expect((await merge()).code).toBe(ExitCode.Ok);
  expect(backups()).toEqual(['config.20260304T050607008Z.bak', 'config.20260304T050607009Z.bak']);
  expect(backups().map((name) => readFileSync(join(home, '.kube', name), 'utf8'))).toEqual([
    first,
    second,
  ]);
});

test('a file that was kept is never written over: nothing is changed then', async () => {
  await merge();
  const first = config();
  await merge();
  const second = config();
  const { code, err } = await merge();
  expect([code, err]).toEqual([
    ExitCode.CannotWrite,
    expect.stringContaining('nothing was changed'),
  ]);
  expect(config()).toBe(second);
  expect(readFileSync(join(home, '.kube', backups()[0] ?? ''), 'utf8')).toBe(first);
});

test('the user is named after the server too: a cluster of the same names elsewhere is another', async () => {
  await merge();
  const { host } = new URL(url);
  expect(parse(config())).toMatchObject({ users: [{ name: `plinth:p/demo@${host}` }] });
  const { code, err } = await merge(`${url}/other`);
  expect([code, err]).toEqual([
    ExitCode.Conflict,
    expect.stringContaining('a context demo already'),
  ]);
});
