import { spawn, type ChildProcess } from 'node:child_process';
import { cp, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { Cluster, ClusterStatus } from '../../core/cluster.js';
import { freePort } from '../../embedded/freePort.js';
import type { Lab } from '../../lab/lab.js';
import { until } from './until.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PROJECT = 'defaultproject';

export type Part = 'api' | 'worker' | 'temporal' | 'mongo';

/** The product as people run it, beside the test: `npm start` with a data directory and ports of its own. */
export interface RunningPlinth {
  readonly url: string;
  readonly dataDir: string;
  /** One request with the admin key. */
  request(method: string, path: string, body?: unknown): Promise<Response>;
  apply(cluster: Cluster): Promise<Response>;
  status(name: string): Promise<ClusterStatus>;
  /** Waits until the last operation has ended well (2) or failed (3), and gives the status. */
  untilEnded(name: string, seconds: number): Promise<ClusterStatus>;
  pid(part: Part): Promise<number>;
  temporalAddress(): Promise<string>;
  /** `kill -9`, or another signal; the supervisor starts it again. Gives the time of the kill. */
  kill(part: Part, signal?: NodeJS.Signals): Promise<number>;
  stop(): Promise<void>;
}

export interface PlinthOptions {
  /** Where it listens. Default: this computer alone. */
  host?: string;
  /** Whether it has the key that opens the lab's machines. Default: it has. */
  labKey?: boolean;
  /** Its environment beside the usual. */
  settings?: NodeJS.ProcessEnv;
}

export async function startPlinth(
  lab: Lab,
  dataDir: string,
  { host = '127.0.0.1', labKey = true, settings = {} }: PlinthOptions = {},
): Promise<RunningPlinth> {
  await mkdir(join(dataDir, 'ssh-keys'), { recursive: true, mode: 0o700 });
  if (labKey) await cp(lab.privateKeyPath, join(dataDir, 'ssh-keys', 'id_ed25519'));
  const port = await freePort(host);
  const url = `http://${host}:${String(port)}`;
  const child = spawn(process.execPath, ['--import', 'tsx', 'embedded/main.ts'], {
    cwd: ROOT,
    env: {
      ...process.env,
      PLINTH_HOST: host,
      PLINTH_PORT: String(port),
      PLINTH_DATA: dataDir,
      PLINTH_ARTIFACTS: lab.bundle,
      ...settings,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  await untilReady(child);
  const key = (await readFile(join(dataDir, 'admin-api-key'), 'utf8')).trim();
  const clusters = `/apis/infra.k8smgmt.io/v3/projects/${PROJECT}/clusters`;

  const request = (method: string, path: string, body?: unknown): Promise<Response> =>
    fetch(`${url}${path.startsWith('/') ? path : `${clusters}/${path}`}`, {
      method,
      headers: { 'x-api-key': key, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const status = async (name: string): Promise<ClusterStatus> => {
    const response = await request('GET', `${name}/status`);
    if (!response.ok)
      throw new Error(`status: ${String(response.status)} ${await response.text()}`);
    const cluster = (await response.json()) as Cluster;
    if (cluster.status === undefined) throw new Error('the answer has no status');
    return cluster.status;
  };
  const pid = async (part: Part): Promise<number> => {
    const text = await readFile(join(dataDir, `${part}.pid`), 'utf8');
    return (JSON.parse(text) as { process: { pid: number } }).process.pid;
  };

  return {
    url,
    dataDir,
    request,
    apply: (cluster) => request('POST', clusters, cluster),
    status,
    untilEnded: (name, seconds) =>
      until(`the end of the operation on ${name}`, seconds, async () => {
        // The API itself may be one of those that are being restarted.
        const now = await status(name).catch(() => undefined);
        return now !== undefined && now.commonStatus.conditionStatus !== 1 ? now : undefined;
      }),
    pid,
    temporalAddress: async () => {
      const ports = JSON.parse(await readFile(join(dataDir, 'ports.json'), 'utf8')) as {
        temporal: number;
      };
      return `127.0.0.1:${String(ports.temporal)}`;
    },
    kill: async (part, signal = 'SIGKILL') => {
      // What depends on a part that was just killed may be on its way up itself.
      await until(`${part} runs, to be killed`, 60, async () => {
        try {
          return process.kill(await pid(part), signal);
        } catch {
          return undefined;
        }
      });
      return Date.now();
    },
    stop: async () => {
      if (child.exitCode !== null) return;
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await ended;
    },
  };
}

async function untilReady(child: ChildProcess): Promise<void> {
  let output = '';
  const note = (chunk: Buffer): void => {
    output += chunk.toString();
  };
  child.stdout?.on('data', note);
  child.stderr?.on('data', note);
  await until('plinth is ready', 180, () => {
    if (child.exitCode !== null) throw new Error(`plinth ended:\n${output}`);
    return Promise.resolve(output.includes('plinth is ready') ? true : undefined);
  });
}
