import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';

import { ExitCode } from '../exitCodes.js';
import { runProgram } from '../program.js';

const folder = mkdtempSync(join(tmpdir(), 'plinth-version-'));
const [key, caFile] = [join(folder, 'key.pem'), join(folder, 'ca.pem')];
execFileSync(
  'openssl',
  [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
    ...['-subj', '/CN=plinth', '-days', '2', '-addext', 'subjectAltName=IP:127.0.0.1'],
    ...['-keyout', key, '-out', caFile],
  ],
  { stdio: 'pipe' },
);

let answer: object;
const server = createServer(
  { key: readFileSync(key), cert: readFileSync(caFile) },
  (_request, response) => response.end(JSON.stringify(answer)),
);
let url: string;
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `https://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  answer = { info: { version: '9.8.7' } };
});

async function version(context: object) {
  const config = join(folder, 'config.json');
  writeFileSync(config, JSON.stringify({ current: 'lab', contexts: { lab: context } }));
  const [out, err]: [string[], string[]] = [[], []];
  const code = await runProgram(['version'], {
    env: { PLINTH_CONFIG: config },
    out: (line) => out.push(line),
    err: (line) => err.push(line),
    screen: { print: () => undefined, picture: () => undefined },
  });
  return { code, out, err: err.join('\n') };
}

test("the server's certificate is checked by the context's authority", async () => {
  const { code, out } = await version({ server: url, caFile });
  expect([code, out[1]]).toEqual([ExitCode.Ok, `server 9.8.7 at ${url}`]);
});

test('without it the server is not believed', async () => {
  const { code, err } = await version({ server: url });
  expect([code, err]).toEqual([ExitCode.Unavailable, expect.stringContaining('cannot be reached')]);
});

test('something else that answers there is no plinth', async () => {
  answer = {};
  const { code, err } = await version({ server: url, caFile });
  expect([code, err]).toEqual([ExitCode.Unavailable, `plinth: ${url} is no plinth`]);
});
