import { readFileSync } from 'node:fs';

import { expect, test } from 'vitest';
import { parse } from 'yaml';

import type { Cluster } from '../../core/cluster.js';
import { phasesOf } from '../../core/phases.js';
import { plan } from '../../core/plan.js';
import { OperationStatus, TasksetStatus } from '../../core/words.js';

/** The steps of `examples/lab.yaml`, as progress counts them: `[2/18] Claim the machine …`. */
function stepsOfTheLab(): string[] {
  const { spec } = parse(readFileSync('examples/lab.yaml', 'utf8')) as Cluster;
  const nothing = { initialised: false, created: false, nodes: [] };
  const operations = plan(nothing, { spec, deleting: false }).map((operation) => ({
    ...{ ...operation, status: OperationStatus.Pending },
    nodes: operation.nodes.map((node) => ({ ...node, steps: [] })),
  }));
  const taskset = { id: 'lab', status: TasksetStatus.Pending, comments: '', operations };
  return phasesOf(taskset).map(({ number, total, title }) => `[${number}/${total}] ${title}`);
}

test.each(['README.md', 'docs/cli.md'])(
  'the steps that %s shows have their real numbers',
  (file) => {
    const shown = readFileSync(file, 'utf8').matchAll(/==> (\[\d+\/\d+\] [A-Z][\w ]+)/g);
    const steps = [...shown].map(([, step = '']) => step.trim());
    expect(steps.length).toBeGreaterThan(0);
    for (const step of steps) expect(stepsOfTheLab()).toContain(step);
  },
);
