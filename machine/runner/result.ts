import type { StepRunResult } from '../types.js';

/** A run's state file: lines of `key value`, a value's newlines escaped. */
export class RunState {
  readonly #fields = new Map<string, string>();
  readonly #results: Record<string, string> = {};

  add(line: string): void {
    const [key = '', ...rest] = line.split(' ');
    if (key === 'result') {
      const [name = '', ...value] = rest;
      this.#results[name] = unescape(value.join(' '));
    } else {
      this.#fields.set(key, unescape(rest.join(' ')));
    }
  }

  /** Bytes of output when the run ended. */
  get size(): number {
    return Number(this.#fields.get('size') ?? 0);
  }

  toResult(lastLines: string[], reattached: boolean): StepRunResult {
    const field = (key: string): string | undefined => this.#fields.get(key);
    const outcome = OUTCOMES.find((word) => word === field('outcome')) ?? 'unknown';
    const [reason, command, failCode] = [field('reason'), field('command'), field('fail_code')];
    const hint =
      outcome === 'failed' ? (field('hint') ?? hintFor(Number(field('exit')))) : field('hint');
    return {
      outcome,
      ...(outcome === 'unknown' ? {} : { exitCode: Number(field('exit')) }),
      ...(reason === undefined ? {} : { reason }),
      results: this.#results,
      ...(command === undefined ? {} : { command }),
      ...(hint === undefined ? {} : { hint }),
      ...(failCode === undefined ? {} : { failCode }),
      lastLines,
      startedAt: Number(field('started')),
      endedAt: Number(field('ended')),
      bootId: field('boot') ?? '',
      reattached,
    };
  }
}

const OUTCOMES = ['done', 'skipped', 'failed', 'unknown'] as const;

function hintFor(exitCode: number): string | undefined {
  if (exitCode === 137)
    return 'something was killed: the machine may be out of memory (see `dmesg`)';
  if (exitCode === 127) return 'a command is missing on the machine';
  return undefined;
}

function unescape(value: string): string {
  return value.replace(/\\(n|\\)/g, (_, char: string) => (char === 'n' ? '\n' : '\\'));
}
