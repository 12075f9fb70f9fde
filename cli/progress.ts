import type { NodeStepDetails, StepDetails, TasksetDetails } from '../core/tasksetDetails.js';
import { OperationStatus } from '../core/words.js';
import { formatDuration, stepDuration } from './duration.js';

/** More machines than this are summed up instead of listed. */
const LISTED = 12;
const ENDED: ReadonlySet<NodeStepDetails['state']> = new Set(['done', 'skipped', 'failed']);

/** A step with its place in the whole taskset. */
interface Phase extends StepDetails {
  number: number;
  total: number;
  operation: number;
  operationEnded: boolean;
}

/**
 * Turns what is known of a taskset, asked for again and again, into lines for people: each step once, when all
 * of its machines have ended it.
 */
export class Progress {
  readonly #printed = new Set<string>();

  /** Lines that are news since the last call. */
  news(details: TasksetDetails): string[] {
    return phases(details).flatMap((phase) => {
      if (!isOver(phase)) return [];
      return this.#once(`${details.tasksetId}/${String(phase.number)}`, () => [
        ...this.#operationTitle(details, phase),
        ...phaseLines(phase),
      ]);
    });
  }

  /** The step that is under way, as a picture of this moment: what a terminal shows below the news. */
  live(details: TasksetDetails, now: number): string[] {
    return phases(details)
      .filter((phase) => !isOver(phase) && phase.nodes.some(isRunning))
      .map((phase) => {
        const running = phase.nodes.filter(isRunning);
        const longest = Math.max(...running.map((node) => stepDuration(node, now) ?? 0));
        const ended = phase.nodes.filter((node) => ENDED.has(node.state)).length;
        const of = phase.nodes.length > 1 ? `, ${ended}/${phase.nodes.length} done` : '';
        return `    ${title(phase)}: ${names(running)} ${formatDuration(longest)}${of}`;
      });
  }

  #operationTitle(details: TasksetDetails, phase: Phase): string[] {
    const operation = details.tasksetOperations[phase.operation];
    if (operation === undefined) return [];
    return this.#once(`${details.tasksetId}/operation/${String(phase.operation)}`, () => [
      `${operation.operationName}${operation.reason === '' ? '' : `: ${operation.reason}`}`,
    ]);
  }

  #once(key: string, lines: () => string[]): string[] {
    if (this.#printed.has(key)) return [];
    this.#printed.add(key);
    return lines();
  }
}

function phases(details: TasksetDetails): Phase[] {
  const total = details.tasksetOperations.reduce((sum, one) => sum + one.steps.length, 0);
  let number = 0;
  return details.tasksetOperations.flatMap((one, operation) => {
    const operationEnded =
      one.operationStatus === OperationStatus.Success ||
      one.operationStatus === OperationStatus.Failed;
    return one.steps.map((step) => ({
      ...step,
      number: ++number,
      total,
      operation,
      operationEnded,
    }));
  });
}

/** Ended on all its machines, or nothing more will come because the operation has ended. */
function isOver({ nodes, operationEnded }: Phase): boolean {
  if (operationEnded) return nodes.some((node) => node.state !== 'pending');
  return nodes.length > 0 && nodes.every((node) => ENDED.has(node.state));
}

function isRunning(node: NodeStepDetails): boolean {
  return node.state === 'running';
}

function title({ number, total, title: words }: Phase): string {
  return `[${number}/${total}] ${words}`;
}

function phaseLines(phase: Phase): string[] {
  const failed = phase.nodes.filter((node) => node.state === 'failed');
  const shown =
    phase.nodes.length <= LISTED
      ? phase.nodes.map((node) => nodeLine(node, phase.nodes))
      : [summary(phase.nodes), ...failed.map((node) => nodeLine(node, failed))];
  return [`==> ${title(phase)}`, ...shown, ...failed.flatMap(failureLines)];
}

function nodeLine(node: NodeStepDetails, all: readonly NodeStepDetails[]): string {
  const width = Math.max(...all.map((one) => one.hostname.length));
  return `    ${node.hostname.padEnd(width)}  ${outcome(node)}`;
}

function outcome(node: NodeStepDetails): string {
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

function summary(nodes: readonly NodeStepDetails[]): string {
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
function failureLines({ hostname, failure }: NodeStepDetails): string[] {
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

function names(nodes: readonly NodeStepDetails[]): string {
  const all = nodes.map((node) => node.hostname);
  return all.length <= 4
    ? all.join(' ')
    : `${all.slice(0, 3).join(' ')} and ${all.length - 3} more`;
}
