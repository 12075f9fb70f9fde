import { randomBytes } from 'node:crypto';

import type { Artifact } from '../../core/artifacts.js';
import type { Connection, RemoteProcess } from '../connection.js';
import { spawn, untilEnd } from '../exec.js';
import { cancelled, connectionLost } from '../failures.js';
import { commandFailed, notRun } from '../rootCommand.js';
import { bashFromStdin, receiver } from '../runner/scripts.js';
import type { MachineSession, MachineTarget } from '../types.js';
import { Answers } from './answers.js';
import { corrupt } from './corrupt.js';
import { sendBytes } from './sendBytes.js';
import { packOf, sendPack } from './sendPack.js';

type Open = Parameters<MachineSession['ensureArtifacts']>[1];
type Hooks = NonNullable<Parameters<MachineSession['ensureArtifacts']>[2]>;

export interface TransferOptions extends Hooks {
  artifacts: readonly Artifact[];
  open: Open;
}

/** Left free on the machine's disk: containerd unpacks what arrives. */
const SPARE_BYTES = 64 * 1024 * 1024;

/** Sends what a machine lacks, in one exec. See MachineSession.ensureArtifacts. */
export async function ensureArtifacts(
  connection: Connection,
  target: MachineTarget,
  options: TransferOptions,
): Promise<{ sent: number; bytes: number }> {
  if (options.signal?.aborted) throw cancelled(target.node);
  const bySum = new Map(options.artifacts.map((artifact) => [artifact.sha256, artifact]));
  if (bySum.size === 0) return { sent: 0, bytes: 0 };
  const answers = new Answers(randomBytes(12).toString('hex'));
  const process = await spawn(connection, target, bashFromStdin(receiver), answers);
  const ended = untilEnd(process, target, { signal: options.signal }).then(
    ({ code }) => {
      const why = answers.noise.trim();
      return (
        notRun(target, code, why) ??
        (code === 0
          ? connectionLost(target.node)
          : commandFailed(target, 'artifacts', `the machine takes no files: ${why}`))
      );
    },
    (error: unknown) => error as Error,
  );
  void ended.then((error) => answers.fail(error));
  try {
    return await transfer(process, answers, { ...options, target, bySum });
  } finally {
    process.end();
    process.close();
  }
}

interface Transfer extends TransferOptions {
  target: MachineTarget;
  bySum: ReadonlyMap<string, Artifact>;
}

async function transfer(
  process: RemoteProcess,
  answers: Answers,
  options: Transfer,
): Promise<{ sent: number; bytes: number }> {
  const list = [...options.bySum.values()].map(({ sha256, size }) => `${sha256} ${String(size)}\n`);
  await process.write(`${receiver}${answers.nonce}\n${list.join('')}\n`);
  const missing: { artifact: Artifact; present: number }[] = [];
  let answer = await answers.next();
  for (; answer[0] !== 'ready'; answer = await answers.next()) {
    const [word, first = '', second = ''] = answer;
    const artifact = options.bySum.get(first);
    if (word === 'miss' && artifact) missing.push({ artifact, present: Number(second) });
    if (word === 'free')
      checkSpace(options.target, missing, { free: Number(first), mount: second });
  }
  const total = missing.reduce(
    (sum, { artifact, present }) => sum + remaining(artifact, present),
    0,
  );
  let bytes = 0;
  let sent = 0;
  const progress = (count: number): void => {
    bytes += count;
    options.onProgress?.(bytes, Math.max(total, bytes));
  };
  // A machine without tar takes them one by one.
  const pack = answer[1] === 'pack' ? packOf(missing) : [];
  if (pack.length > 0) {
    const { open } = options;
    if (await sendPack(process, answers, pack, { open, progress })) sent += pack.length;
  }
  for (const { artifact } of missing.filter((one) => !pack.includes(one.artifact))) {
    if (await sendOne(process, answers, artifact, { ...options, progress })) sent++;
  }
  return { sent, bytes };
}

/** @returns false when somebody else had sent it meanwhile. */
async function sendOne(
  process: RemoteProcess,
  answers: Answers,
  artifact: Artifact,
  options: Transfer & { progress: (count: number) => void },
): Promise<boolean> {
  for (;;) {
    await process.write(`get ${artifact.sha256} ${String(artifact.size)}\n`);
    const [word, offset] = await answers.next();
    if (word === 'ok') return false;
    const from = Number(offset);
    await sendBytes(process, artifact, { ...options, from, check: () => answers.check() });
    const [verdict, sum = ''] = await answers.next();
    if (verdict === 'ok') return true;
    // A part of an earlier attempt may have been the damaged one: once more, from the start.
    if (from === 0) throw corrupt(artifact, `its SHA-256 is ${sum}`);
  }
}

function remaining(artifact: Artifact, present: number): number {
  return present < artifact.size ? artifact.size - present : artifact.size;
}

function checkSpace(
  target: MachineTarget,
  missing: readonly { artifact: Artifact; present: number }[],
  { free, mount }: { free: number; mount: string },
): void {
  const needed = missing.reduce(
    (sum, { artifact, present }) => sum + remaining(artifact, present),
    0,
  );
  if (needed === 0 || needed + SPARE_BYTES <= free) return;
  const mb = (bytes: number): string => `${String(Math.ceil(bytes / 1e6))} MB`;
  throw commandFailed(
    target,
    'artifacts',
    `${mb(needed)} are to be sent, but the disk at ${mount} has ${mb(free)} free`,
    `free at least ${mb(needed + SPARE_BYTES)} on ${mount} (/var/lib/plinth/artifacts is there)`,
  );
}
