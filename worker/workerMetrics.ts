import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

import { ErrorCode } from '../core/errors.js';
import { OperationName } from '../core/words.js';
import type { MachinesObserver } from '../machine/pool.js';

/** From a check that finds it done to the images of a control plane over a slow line, in seconds. */
const STEP_BUCKETS = [0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900];
const DELAY_BUCKETS = [0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300];

/** How an operation ended. */
export const OPERATION_OUTCOMES = ['succeeded', 'failed', 'cancelled'] as const;
/** Why no connection came about. */
const SSH_FAILURES = [
  ErrorCode.MachineUnreachable,
  ErrorCode.AuthFailed,
  ErrorCode.HostKeyMismatch,
  ErrorCode.Internal,
] as const;

export interface WorkerMetrics {
  operations: Counter<'operation' | 'outcome'>;
  steps: Histogram<'step' | 'outcome'>;
  queueDelay: Histogram<'activity'>;
  running: Gauge;
  ssh: MachinesObserver;
  /** Whether new work comes to the version of this worker. */
  observeCurrent: (isCurrent: boolean) => void;
}

/** What `/metrics` of a worker process shows; docs/metrics.md is the list. `activities`: as many as it runs at once. */
export function createWorkerMetrics(
  registry: Registry,
  { activities, version, buildId }: { activities: number; version: string; buildId: string },
): WorkerMetrics {
  const registers = [registry];
  const operations = new Counter({
    name: 'plinth_operations_total',
    help: 'Operations of tasksets that have ended.',
    labelNames: ['operation', 'outcome'],
    registers,
  });
  // From 0 on: a counter that begins at 1 hides its first increase.
  for (const operation of Object.values(OperationName)) {
    for (const outcome of OPERATION_OUTCOMES) operations.inc({ operation, outcome }, 0);
  }
  new Gauge({
    name: 'plinth_activities_limit',
    help: 'As many activities as this worker runs at once.',
    registers,
  }).set(activities);
  new Gauge({
    name: 'plinth_build_info',
    help: 'Always 1; the label is the version.',
    labelNames: ['version', 'build_id'],
    registers,
  }).set({ version, build_id: buildId }, 1);
  const current = new Gauge({
    name: 'plinth_worker_current',
    help: 'Whether work comes to the version of this worker.',
    registers,
  });
  return {
    operations,
    steps: new Histogram({
      name: 'plinth_step_duration_seconds',
      help: 'Attempts at steps, from their start in a worker to their end.',
      labelNames: ['step', 'outcome'],
      buckets: STEP_BUCKETS,
      registers,
    }),
    queueDelay: new Histogram({
      name: 'plinth_activity_queue_delay_seconds',
      help: 'From when an attempt at an activity was scheduled to its start in a worker.',
      labelNames: ['activity'],
      buckets: DELAY_BUCKETS,
      registers,
    }),
    running: new Gauge({
      name: 'plinth_activities_running',
      help: 'Activities that this worker runs.',
      registers,
    }),
    ssh: sshMetrics(registers),
    observeCurrent: (isCurrent) => current.set(isCurrent ? 1 : 0),
  };
}

function sshMetrics(registers: Registry[]): MachinesObserver {
  const handshakes = new Counter({
    name: 'plinth_ssh_handshakes_total',
    help: 'SSH handshakes that were begun.',
    registers,
  });
  const failures = new Counter({
    name: 'plinth_ssh_failures_total',
    help: 'Times that no SSH connection came about, however many handshakes were tried.',
    labelNames: ['code'],
    registers,
  });
  for (const code of SSH_FAILURES) failures.inc({ code }, 0);
  const connections = new Gauge({
    name: 'plinth_ssh_connections',
    help: 'SSH connections that are open.',
    registers,
  });
  const machines = new Gauge({
    name: 'plinth_machines_at_work',
    help: 'Machines that this worker is at work on.',
    registers,
  });
  return {
    handshake: () => handshakes.inc(),
    opened: () => connections.inc(),
    closed: () => connections.dec(),
    failed: (code) => failures.inc({ code }),
    atWork: (change) => machines.inc(change),
  };
}
