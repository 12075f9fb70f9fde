import { AppError, ErrorCode } from '../../core/errors.js';
import type { Receivers } from '../connection.js';
import { LineReader } from '../lineReader.js';
import { commandFailed } from '../rootCommand.js';
import type { MachineTarget, Owner, StepHooks, StepRunResult } from '../types.js';
import { RunState } from './result.js';

const LAST_LINES = 20;
const NOISE_CAP = 4096;

interface FollowerHooks {
  from: number;
  onLines: StepHooks['onLines'] | undefined;
  onBegun?: StepHooks['onBegun'] | undefined;
}

/** Reads the launcher's two streams: its own words on stderr, the run's output on stdout. */
export class Follower implements Receivers {
  /** The run's result, or why there is none (an AppError). */
  readonly result: Promise<StepRunResult>;
  /** True once the machine has said which run this call follows. */
  following = false;
  settled = false;
  /** What others wrote to stderr: sudo, a login shell. */
  noise = '';
  #resolve!: (result: StepRunResult) => void;
  #reject!: (error: unknown) => void;
  readonly #target: MachineTarget;
  readonly #nonce: string;
  readonly #hooks: FollowerHooks;
  readonly #answer: (sha: string) => void;
  readonly #words = new LineReader(0, 256 * 1024);
  #head: Buffer | undefined = Buffer.alloc(0);
  #output = new LineReader();
  #received = 0;
  /** The output starts in the middle of a line. */
  #partial = false;
  readonly #lastLines: string[] = [];
  readonly #state = new RunState();
  #reattached = false;
  #ended = false;

  constructor(
    target: MachineTarget,
    nonce: string,
    hooks: FollowerHooks,
    answer: (sha: string) => void,
  ) {
    this.#target = target;
    this.#nonce = nonce;
    this.#hooks = hooks;
    this.#answer = answer;
    this.result = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.result.then(
      () => (this.settled = true),
      () => (this.settled = true),
    );
  }

  readonly stderr = (chunk: Buffer): void => {
    for (const { text } of this.#words.push(chunk)) {
      if (text.startsWith(`${this.#nonce} `)) this.#word(text.slice(this.#nonce.length + 1));
      else this.noise = (this.noise + text + '\n').slice(0, NOISE_CAP);
    }
  };

  readonly stdout = (chunk: Buffer): void => {
    try {
      const output = this.#head ? this.#skipHead(this.#head, chunk) : chunk;
      if (output.length > 0) this.#read(output);
    } catch (error) {
      this.#reject(error);
    }
  };

  #word(text: string): void {
    const [word = '', ...rest] = text.split(' ');
    if (word === 'need') this.#answer(rest[0] ?? '');
    else if (word === 'run') {
      this.following = true;
      this.#reattached = rest[0] !== 'started';
      this.#hooks.onBegun?.();
    } else if (word === 'state') this.#state.add(rest.join(' '));
    else if (word === 'refuse') this.#reject(refusal(this.#target, rest.join(' ')));
    else if (word === 'end') {
      this.#ended = true;
      this.#finish();
    }
  }

  /** Up to the nonce's line, stdout is a login shell's greeting; that line says at which byte the output starts. */
  #skipHead(head: Buffer, chunk: Buffer): Buffer {
    const all = Buffer.concat([head, chunk]);
    const at = all.indexOf(`${this.#nonce} `);
    const end = at === -1 ? -1 : all.indexOf('\n', at);
    if (end === -1) {
      this.#head = all.subarray(-NOISE_CAP);
      return Buffer.alloc(0);
    }
    this.#head = undefined;
    const start = Number(all.toString('ascii', at + this.#nonce.length + 1, end));
    this.#received = start;
    this.#output = new LineReader(start);
    this.#partial = start > 0;
    return all.subarray(end + 1);
  }

  #read(output: Buffer): void {
    // What a killed script's orphans may still write after its end is not the run's.
    const room = this.#ended ? Math.max(0, this.#state.size - this.#received) : output.length;
    this.#received += Math.min(room, output.length);
    this.#lines(this.#output.push(output.subarray(0, room)));
    this.#finish();
  }

  #lines(read: { text: string; offset: number }[]): void {
    const lines = this.#partial ? read.slice(1) : read;
    if (read.length > 0) this.#partial = false;
    if (lines.length === 0) return;
    this.#lastLines.push(...lines.slice(-LAST_LINES).map(({ text }) => text));
    this.#lastLines.splice(0, this.#lastLines.length - LAST_LINES);
    const wanted = lines.filter(({ offset }) => offset > this.#hooks.from);
    const last = wanted.at(-1);
    if (last)
      this.#hooks.onLines?.(
        wanted.map(({ text }) => text),
        last.offset,
      );
  }

  /** The end is known and every byte up to it was read. The two streams have no order between them. */
  #finish(): void {
    if (!this.#ended || this.settled || this.#head || this.#received < this.#state.size) return;
    this.settled = true;
    this.#lines(this.#output.end());
    this.#resolve(this.#state.toResult(this.#lastLines, this.#reattached));
  }
}

function refusal(target: MachineTarget, text: string): AppError {
  const [word = '', ...rest] = text.split(' ');
  const detail = rest.join(' ');
  if (word === 'ForeignCluster') {
    const owner = JSON.parse(detail) as Owner;
    return new AppError(
      ErrorCode.ForeignCluster,
      `${target.node} belongs to the cluster ${owner.project}/${owner.cluster} (${owner.clusterId})`,
      {
        failure: {
          node: target.node,
          step: 'claim',
          hint: `delete that cluster or take the machine out of it; if it is long gone, remove /var/lib/plinth/owner on the machine`,
        },
      },
    );
  }
  if (word === 'Busy') return new AppError(ErrorCode.Busy, `${target.node}: ${detail}`);
  if (word === 'NotClaimed') {
    return new AppError(
      ErrorCode.NotClaimed,
      `${target.node} holds nothing of this cluster any more: was it reset or installed anew?`,
      {
        failure: {
          node: target.node,
          step: 'claim',
          hint: 'retry: the machine is prepared from the start; it must not be reset while an operation runs',
        },
      },
    );
  }
  return commandFailed(target, 'start', detail);
}
