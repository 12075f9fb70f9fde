import { phasesOf, type Operation } from '../core/phases.js';
import { table } from './statusLines.js';
import { TasksetStatus } from '../core/words.js';
import type { Problem } from '../core/errors.js';

/** What `?dryRun=true` answers, as far as it is shown. */
export interface Plan {
  comments: string;
  operations: (Omit<Operation, 'nodes'> & {
    kubernetesVersion?: string;
    nodes: (Operation['nodes'][number] & { reason: string })[];
  })[];
  refusals: Problem[];
}

/** A plan for people: each operation, why it is there, its machines with their reasons, its steps. */
export function planLines({ comments, operations }: Plan): string[] {
  return [
    comments,
    ...operations.flatMap((operation, index) => {
      const { name, reason, nodes, errorSummary } = operation;
      return [
        `==> [${String(index + 1)}/${String(operations.length)}] ${name}: ${reason}`,
        ...table(nodes.map((node) => [`  ${node.hostname}`, node.reason])),
        `  steps: ${stepTitles(operation).join('; ')}`,
        ...(errorSummary === undefined ? [] : [`  would be refused: ${errorSummary}`]),
      ];
    }),
  ];
}

export function refusalLine({ path, message }: Problem): string {
  return `refused: ${path === '' ? '' : `${path}: `}${message}`;
}

function stepTitles(operation: Plan['operations'][number]): string[] {
  const taskset = { id: '', status: TasksetStatus.Pending, comments: '', operations: [operation] };
  return phasesOf(taskset).map(({ title }) => title);
}
