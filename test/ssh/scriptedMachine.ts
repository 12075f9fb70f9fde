import type { ServerChannel } from 'ssh2';

import { finish, startSshServer, type SshServer } from './sshServer.js';

/** A step as a machine was asked to run it. */
export interface AskedStep {
  step: string;
  /** Of the run: the same where it is asked for again, after a lost connection say. */
  run: string;
  /** The parameters as they came: shell assignments. */
  params: string;
}

/** What the machine says it came to. */
export interface SaidStep {
  outcome?: 'done' | 'failed';
  output?: string[];
  results?: Record<string, string>;
  command?: string;
  hint?: string;
}

/**
 * A machine that speaks the runner's protocol and runs nothing: a test says how each step ends, and when. Every other command
 * succeeds, and prints what `onCommand` gives.
 */
export async function startScriptedMachine(
  onStep: (asked: AskedStep) => SaidStep | Promise<SaidStep>,
  onCommand: (command: string) => string = () => '',
  address = '127.0.0.1',
): Promise<SshServer> {
  return startSshServer({
    address,
    authorize: ({ method }) => method === 'publickey',
    onExec(command, channel) {
      const launcherBytes = /'plinth' '(\d+)'$/.exec(command)?.[1];
      if (launcherBytes === undefined) {
        channel.resume();
        channel.write(onCommand(command));
        finish(channel, 0);
        return;
      }
      readRequest(channel, Number(launcherBytes), (header, params) => {
        const field = (key: string): string => header.get(key) ?? '';
        const [nonce, run, step] = [field('nonce'), field('run'), field('step')];
        const startedAt = Date.now();
        void Promise.resolve(onStep({ step, run, params })).then((said) => {
          answer(channel, { nonce, run, startedAt }, said);
        });
      });
    },
  });
}

function readRequest(
  channel: ServerChannel,
  launcherBytes: number,
  whole: (header: Map<string, string>, params: string) => void,
): void {
  let read = Buffer.alloc(0);
  let done = false;
  channel.on('data', (chunk: Buffer) => {
    read = Buffer.concat([read, chunk]);
    if (done || read.length < launcherBytes) return;
    const end = read.indexOf('\n\n', launcherBytes);
    if (end === -1) return;
    const lines = read.toString('utf8', launcherBytes, end).split('\n');
    const header = new Map(
      lines.map((line) => [line.split(' ', 1)[0] ?? '', line.slice(line.indexOf(' ') + 1)]),
    );
    const params = read.subarray(end + 2);
    if (params.length < Number(header.get('params'))) return;
    done = true;
    whole(header, params.toString('utf8'));
  });
}

function answer(
  channel: ServerChannel,
  { nonce, run, startedAt }: { nonce: string; run: string; startedAt: number },
  said: SaidStep,
): void {
  const { outcome = 'done', output = [], results = {}, command, hint } = said;
  const text = output.map((line) => `${line}\n`).join('');
  const escape = (value: string): string => value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
  const state = [
    `outcome ${outcome}`,
    `exit ${outcome === 'done' ? '0' : '1'}`,
    ...[`started ${String(startedAt)}`, `ended ${String(Date.now())}`, 'boot b1'],
    ...(command === undefined ? [] : [`command ${escape(command)}`]),
    ...(hint === undefined ? [] : [`hint ${escape(hint)}`]),
    ...Object.entries(results).map(([key, value]) => `result ${key} ${escape(value)}`),
    `size ${String(Buffer.byteLength(text))}`,
  ];
  channel.write(`${nonce} 0\n${text}`);
  const words = [`run started ${run} b1`, ...state.map((line) => `state ${line}`), 'end'];
  channel.stderr.write(words.map((word) => `${nonce} ${word}\n`).join(''));
  finish(channel, 0);
}
