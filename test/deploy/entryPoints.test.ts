import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';

import { freePort } from '../../embedded/freePort.js';
import { startMongo, type EmbeddedMongo } from '../../embedded/mongo.js';
import { startTemporal, type EmbeddedTemporal } from '../../embedded/temporal.js';
import { playDockerfile, type PlayedImage } from './playedImage.js';

/*
 * What the containers of docker-compose.yml run, run without a container engine: the same files, made by the same
 * instructions, the same commands, environment and health checks, against servers at addresses of their own.
 */

interface Service {
  command?: string[];
  environment: Record<string, string>;
  healthcheck?: { test: string[] };
}

const compose = parse(readFileSync('docker-compose.yml', 'utf8'), { merge: true }) as {
  services: Record<string, Service>;
};
const host = '127.0.0.1';

let folder: string;
let image: PlayedImage;
let mongo: EmbeddedMongo;
let temporal: EmbeddedTemporal;
let port: number;
let metricsPort: number;
const children: ChildProcess[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plinth-image-'));
  image = await playDockerfile(join(folder, 'image'));
  port = await freePort(host);
  metricsPort = await freePort(host);
  [mongo, temporal] = await Promise.all([
    startMongo({ dataDir: join(folder, 'mongo'), host }),
    startTemporal({ dataDir: join(folder, 'temporal'), host, searchAttributes: [] }),
  ]);
}, 120_000);

afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await Promise.all([mongo.stop(), temporal.stop()]);
  await rm(folder, { recursive: true, force: true });
});

/** The environment of compose, with this computer's addresses where it names its own network. */
function environment(name: string): NodeJS.ProcessEnv {
  const given = Object.fromEntries(
    Object.entries(compose.services[name]?.environment ?? {}).map(([key, value]) => [
      key,
      value.replace(/\$\{(\w+):-([^}]*)\}/, '$2').replace(/\$\{(\w+):\?[^}]*\}/, ''),
    ]),
  );
  return {
    ...image.env,
    ...given,
    PLINTH_MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
    PLINTH_HOST: host,
    PLINTH_PORT: String(port),
    PLINTH_DATA: join(folder, `${name}-data`),
    TEMPORAL_ADDRESS: temporal.address,
    MONGODB_URI: mongo.uri,
    ...(given['PLINTH_METRICS'] === undefined
      ? {}
      : { PLINTH_METRICS: `${host}:${String(metricsPort)}` }),
  };
}

function commandOf(name: string): string[] {
  return compose.services[name]?.command ?? image.command;
}

function run(name: string, [command = '', ...args]: string[]): ChildProcess {
  const child = spawn(command, args, {
    cwd: image.workdir,
    env: environment(name),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  return child;
}

async function exitOf(child: ChildProcess): Promise<{ code: number | null; output: string }> {
  let output = '';
  child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const code = await new Promise<number | null>((done, fail) => {
    child.once('close', done);
    child.once('error', fail);
  });
  return { code, output };
}

async function untilHealthy(name: string): Promise<void> {
  const check = compose.services[name]?.healthcheck?.test.slice(1) ?? [];
  const here = check.map((word) => word.replace('127.0.0.1:8080', `${host}:${String(port)}`));
  const deadline = Date.now() + 60_000;
  for (;;) {
    const { code, output } = await exitOf(run(name, here));
    if (code === 0) return;
    if (Date.now() > deadline) throw new Error(`${name} is not healthy: ${output}`);
    await new Promise((done) => setTimeout(done, 500));
  }
}

test('the processes of the image prepare Temporal, get healthy, and end on SIGTERM', async () => {
  const prepared = await exitOf(run('prepare-temporal', commandOf('prepare-temporal')));
  expect(prepared).toMatchObject({ code: 0, output: 'Temporal is prepared\n' });

  const api = run('api', commandOf('api'));
  const worker = run('worker', commandOf('worker'));
  const ends = [exitOf(api), exitOf(worker)];
  await Promise.all([untilHealthy('api'), untilHealthy('worker')]);

  const metrics = await fetch(`http://${host}:${String(metricsPort)}/metrics`);
  expect(await metrics.text()).toContain('plinth_operations_total');

  // As `docker compose exec api plinth …` does, with the key that the API has left there.
  const plinth = ['plinth', '--server', `http://${host}:${String(port)}`];
  const listed = await exitOf(run('api', [...plinth, 'get', 'clusters', '-o', 'name']));
  expect(listed).toEqual({ code: 0, output: '' });
  const version = await exitOf(run('api', [...plinth, 'version']));
  expect(version.output).toMatch(/^plinth (\d+\.\d+\.\d+)\nserver \1 at http/);

  const versions = await exitOf(run('api', ['node', 'worker/versions.js']));
  expect(versions.output).toMatch(
    /^VERSION +STATUS +WORKERS\n\d+\.\d+\.\d+-[0-9a-f]{16} +current +\d+@\S+\n$/,
  );
  const refused = await exitOf(run('api', ['node', 'worker/versions.js', '0.0.1-none']));
  expect(refused).toMatchObject({ code: 1 });
  expect(refused.output).toMatch(/^plinth: .*0\.0\.1-none/);

  api.kill('SIGTERM');
  worker.kill('SIGTERM');
  const [ofApi, ofWorker] = await Promise.all(ends);
  expect(ofApi?.code, ofApi?.output).toBe(0);
  expect(ofWorker?.code, ofWorker?.output).toBe(0);
}, 120_000);
