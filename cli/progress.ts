import { formatDuration, stepDuration } from './duration.js';
import { phasesOf, type MachinePhase, type Phase, type Taskset } from '../core/phases.js';

/** More machines than this are summed up instead of listed. */
const LISTED = 12;
const ENDED: ReadonlySet<MachinePhase['state']> = new Set(['done', 'skipped', 'failed']);

/**
 * Turns what is known of a taskset, asked for again and again, into lines for people: each step once, when all
 * of its machines have ended it.
 */
export class Progress {
  readonly #printed = new Set<string>();

  /** Lines that are news since the last call. */
  news(taskset: Taskset): string[] {
    return phasesOf(taskset).flatMap((phase) => {
      if (!isOver(phase)) return [];
      return this.#once(`${taskset.id}/${String(phase.number)}`, () => [
        ...this.#operationTitle(taskset, phase),
        ...phaseLines(phase),
      ]);
    });
  }

  /** The step that is under way, as a picture of this moment: what a terminal shows below the news. */
  live(taskset: Taskset, now: number): string[] {
    return phasesOf(taskset)
      .filter((phase) => !isOver(phase) && phase.machines.some(isRunning))
      .map((phase) => {
        const running = phase.machines.filter(isRunning);
        const longest = Math.max(...running.map((node) => stepDuration(node, now) ?? 0));
        const ended = phase.machines.filter((node) => ENDED.has(node.state)).length;
        const of = phase.machines.length > 1 ? `, ${ended}/${phase.machines.length} done` : '';
        return `    ${title(phase)}: ${names(running)} ${formatDuration(longest)}${of}`;
      });
  }

  #operationTitle(taskset: Taskset, phase: Phase): string[] {
    const operation = taskset.operations[phase.operation];
    if (operation === undefined) return [];
    return this.#once(`${taskset.id}/operation/${String(phase.operation)}`, () => [
      `${operation.name}${operation.reason === '' ? '' : `: ${operation.reason}`}`,
    ]);
  }

  #once(key: string, lines: () => string[]): string[] {
    if (this.#printed.has(key)) return [];
    this.#printed.add(key);
    return lines();
  }
}

/** Ended on all its machines, or nothing more will come because the operation has ended. */
function isOver({ machines, operationEnded }: Phase): boolean {
  if (operationEnded) return machines.some((node) => node.state !== 'pending');
  return machines.length > 0 && machines.every((node) => ENDED.has(node.state));
}

function isRunning(node: MachinePhase): boolean {
  return node.state === 'running';
}

function title({ number, total, title: words }: Phase): string {
  return `[${number}/${total}] ${words}`;
}

function phaseLines(phase: Phase): string[] {
  const failed = phase.machines.filter((node) => node.state === 'failed');
  const shown =
    phase.machines.length <= LISTED
      ? phase.machines.map((node) => nodeLine(node, phase.machines))
      : [summary(phase.machines), ...failed.map((node) => nodeLine(node, failed))];
  return [`==> ${title(phase)}`, ...shown, ...failed.flatMap(failureLines)];
}

function nodeLine(node: MachinePhase, all: readonly MachinePhase[]): string {
  const width = Math.max(...all.map((one) => one.hostname.length));
  return `    ${node.hostname.padEnd(width)}  ${outcome(node)}`;
}

function outcome(node: MachinePhase): string {
  const ms = stepDuration(node);
  const time = ms === undefined ? '' : formatDuration(ms);
  switch (node.state) {
    case 'done':
      return time === '' ? 'done' : time;
    case 'skipped':
      return 'was done already';
    case 'failed':
      return `FAILED${time === '' ? '' : ` after ${time}`}`;
    case 'running':
      return 'not finished';
    case 'pending':
      return 'not started';
  }
}

function summary(nodes: readonly MachinePhase[]): string {
  const times = nodes
    .filter((node) => node.state === 'done')
    .flatMap((node) => stepDuration(node) ?? [])
    .toSorted((a, b) => a - b);
  const median = times[Math.floor(times.length / 2)];
  const longest = times.at(-1);
  const counts = (['done', 'skipped', 'failed', 'running', 'pending'] as const)
    .map((state) => ({ state, count: nodes.filter((node) => node.state === state).length }))
    .filter(({ count }) => count > 0)
    .map(({ state, count }) => `${count} ${state}`);
  const spread =
    median === undefined || longest === undefined
      ? ''
      : ` (median ${formatDuration(median)}, longest ${formatDuration(longest)})`;
  return `    ${nodes.length} machines: ${counts.join(', ')}${spread}`;
}

/** What a person needs to act: the cause, the command, the last words of it, and what to do. */
function failureLines({ hostname, failure }: MachinePhase): string[] {
  if (failure === undefined) return [];
  const { message, command, exitCode, lastLines = [], hint } = failure;
  const ran =
    command === undefined
      ? []
      : [`command: ${command}${exitCode === undefined ? '' : ` (exit code ${exitCode})`}`];
  return [
    `${hostname}: ${message}`,
    ...ran,
    ...lastLines.map((line) => `| ${line}`),
    ...(hint === undefined ? [] : [`what to do: ${hint}`]),
  ].map((line) => `      ${line}`);
}

function names(nodes: readonly MachinePhase[]): string {
  const all = nodes.map((node) => node.hostname);
  return all.length <= 4
    ? all.join(' ')
    : `${all.slice(0, 3).join(' ')} and ${all.length - 3} more`;
}
