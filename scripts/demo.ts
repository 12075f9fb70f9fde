import { execFile } from 'node:child_process';
import { chmod, copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

import type { Cluster } from '../core/cluster.js';
import { createClient, type Client } from '../cli/client.js';
import { formatDuration } from '../cli/duration.js';
import { clusterPath, clustersPath } from '../cli/paths.js';
import { createScreen } from '../cli/screen.js';
import { statusLines } from '../cli/statusLines.js';
import { watchCluster, type WatchResult } from '../cli/watch.js';
import { readStartConfig, type StartConfig } from '../embedded/config.js';
import { startPlinth, stopLeftovers, type Plinth } from '../embedded/start.js';
import { labAvailable } from '../lab/available.js';
import { labDown, labUp, type Lab } from '../lab/lab.js';
import { labPaths } from '../lab/paths.js';

/*
 * `npm run demo`: three bare machines, plinth, one apply through the REST API, progress until READY. From scratch
 * each time, in a data directory of its own, unless PLINTH_DATA names one: then what it holds is gone on with.
 */

const PROJECT = 'defaultproject';
const EXAMPLE = 'examples/lab.yaml';
const MACHINES = 3;

const exitAfter = process.argv.includes('--exit');
const ownData = !process.env['PLINTH_DATA'];
const screen = createScreen(process.stdout, process.env);
const say = (...lines: string[]): void => screen.print(lines);

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (interrupted.signal.aborted) process.exit(130);
    interrupted.abort();
    say('', 'stopping (again: at once) …');
  });
}
const whenInterrupted = new Promise<void>((done) => {
  interrupted.signal.addEventListener('abort', () => done());
});

process.exitCode = await main();

async function main(): Promise<number> {
  const reason = labAvailable();
  if (reason !== undefined) {
    process.stderr.write(`the demo makes its own machines, and cannot here: ${reason}\n`);
    return 69;
  }
  let plinth: Plinth | undefined;
  try {
    const lab = await bringMachinesUp();
    if (isInterrupted()) return 130;
    const config = readStartConfig(await demoEnvironment(lab));
    plinth = await startPlinth({ config, env: process.env, say: (line) => say(`plinth: ${line}`) });
    if (isInterrupted()) return 130;
    return await show({ plinth, config, lab });
  } catch (error) {
    say(`demo: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  } finally {
    await plinth?.stop();
    await labDown({ purge: exitAfter, log: (line) => say(`lab: ${line}`) });
  }
}

async function bringMachinesUp(): Promise<Lab> {
  const startedAt = Date.now();
  say(
    `lab: bringing ${MACHINES} bare machines up; the first time ever, their bundle is built first`,
  );
  const lab = await labUp(MACHINES, { bare: ownData, log: (line) => say(`lab: ${line}`) });
  say(`lab: machines are up after ${formatDuration(Date.now() - startedAt)}`);
  return lab;
}

async function demoEnvironment(lab: Lab): Promise<NodeJS.ProcessEnv> {
  const data = ownData ? resolve('.plinth/demo') : resolve(process.env['PLINTH_DATA'] ?? '');
  if (ownData) {
    await stopLeftovers(data);
    await rm(data, { recursive: true, force: true });
  }
  const env = {
    ...process.env,
    PLINTH_DATA: data,
    PLINTH_ARTIFACTS: process.env['PLINTH_ARTIFACTS'] ?? lab.bundle,
  };
  const { keys } = readStartConfig(env);
  await mkdir(keys, { recursive: true, mode: 0o700 });
  await copyFile(lab.privateKeyPath, join(keys, 'id_ed25519'));
  await chmod(join(keys, 'id_ed25519'), 0o600);
  return env;
}

interface Running {
  plinth: Plinth;
  config: StartConfig;
  lab: Lab;
}

async function show(running: Running): Promise<number> {
  const { plinth, config } = running;
  const client = createClient(plinth.url, plinth.adminKey.key);
  const name = await apply(client);
  say(`POST ${plinth.url}${clustersPath(PROJECT)}  (${EXAMPLE})`);
  const startedAt = Date.now();
  const result = await watch(client, name);
  if (result.outcome === 'aborted') return 130;
  const took = formatDuration(Date.now() - startedAt);
  say('', ...(result.cluster === undefined ? [] : statusLines(result.cluster)));
  const ready = result.outcome === 'ready';
  say('', ready ? `READY ${took} after the POST` : `FAILED ${took} after the POST`);
  if (ready) await showCluster(running, client, name);
  if (!exitAfter) {
    sayWhatNext(plinth, config, name);
    await whenInterrupted;
    return ready ? 0 : 1;
  }
  return (await remove(client, name)) && ready ? 0 : 1;
}

async function apply(client: Client): Promise<string> {
  const text = await readFile(EXAMPLE, 'utf8');
  const answer = await client.send('POST', clustersPath(PROJECT), {
    type: 'application/yaml',
    text,
  });
  return (JSON.parse(answer) as Cluster).metadata.name;
}

function watch(client: Client, name: string): Promise<WatchResult> {
  return watchCluster({ client, project: PROJECT, name, screen, signal: interrupted.signal });
}

async function showCluster({ config, lab }: Running, client: Client, name: string): Promise<void> {
  const kubeconfig = join(config.data, `${name}.kubeconfig`);
  await writeFile(kubeconfig, await client.getText(`${clusterPath(PROJECT, name)}/kubeconfig`), {
    mode: 0o600,
  });
  const { spec } = await client.getJson<Cluster>(clusterPath(PROJECT, name));
  const kubectl = join(config.data, 'kubectl');
  await copyFile(
    join(lab.bundle, 'kubernetes', spec.config.kubernetesVersion, 'amd64', 'kubectl'),
    kubectl,
  );
  await chmod(kubectl, 0o755);
  say('', `$ kubectl --kubeconfig ${kubeconfig} get nodes,pods -A`);
  const { stdout } = await promisify(execFile)(kubectl, [
    `--kubeconfig=${kubeconfig}`,
    'get',
    'nodes,pods',
    '-A',
  ]);
  say(stdout.trimEnd());
}

async function remove(client: Client, name: string): Promise<boolean> {
  say('', `DELETE ${clusterPath(PROJECT, name)}`);
  const startedAt = Date.now();
  await client.send('DELETE', clusterPath(PROJECT, name));
  const { outcome, cluster } = await watch(client, name);
  if (cluster !== undefined) say(...statusLines(cluster));
  if (outcome === 'gone') {
    say(
      `gone after ${formatDuration(Date.now() - startedAt)}; the machines are as they were found`,
    );
  }
  return outcome === 'gone';
}

function sayWhatNext(plinth: Plinth, config: StartConfig, name: string): void {
  const path = clusterPath(PROJECT, name);
  say(
    '',
    'What next (Ctrl-C stops it all):',
    `  curl -H "X-API-KEY: $(cat ${plinth.adminKey.path})" ${plinth.url}${path}/status`,
    `  ${join(config.data, 'kubectl')} --kubeconfig ${join(config.data, `${name}.kubeconfig`)} top nodes`,
    `  npm run lab -- ssh m1 'sudo crictl ps'`,
    `  API reference  ${plinth.url}/swagger`,
    `  Temporal UI    ${plinth.temporalUiUrl ?? config.temporalAddress ?? ''}`,
    `  lab            ${labPaths().root}`,
  );
}

/** Read again after an await: the compiler does not know that a signal may have come. */
function isInterrupted(): boolean {
  return interrupted.signal.aborted;
}
