import { AppError, ErrorCode } from '../../core/errors.js';
import type { ClusterWorkflows } from '../../api/workflows.js';

export interface FakeWorkflows extends ClusterWorkflows {
  notified: string[];
  cancelled: string[];
  /** Blueprints whose newest version was to be rolled out. */
  rolledOut: string[];
  /** The request that each notification and cancellation came with. */
  requestIds: (string | undefined)[];
  running: Set<string>;
  /** Calls of any kind, failed ones included. */
  asked: number;
  /** Every call fails as when Temporal cannot be reached. */
  away: boolean;
  /** Called with each notification, as it is made. */
  onNotify?: (project: string, name: string) => Promise<void>;
}

export function fakeWorkflows(): FakeWorkflows {
  const reach = (): void => {
    fake.asked += 1;
    if (fake.away) throw new AppError(ErrorCode.ConnectionLost, 'Temporal does not answer');
  };
  const fake: FakeWorkflows = {
    notified: [],
    cancelled: [],
    rolledOut: [],
    requestIds: [],
    running: new Set(),
    asked: 0,
    away: false,
    async notify(project, name, requestId) {
      reach();
      fake.requestIds.push(requestId);
      await fake.onNotify?.(project, name);
      fake.notified.push(`${project}/${name}`);
    },
    async cancel(project, name, requestId) {
      reach();
      fake.requestIds.push(requestId);
      fake.cancelled.push(`${project}/${name}`);
      return fake.running.has(`${project}/${name}`);
    },
    async isRunning(project, name) {
      reach();
      return fake.running.has(`${project}/${name}`);
    },
    async rollOut(project, name) {
      reach();
      fake.rolledOut.push(`${project}/${name}`);
    },
    async isRollingOut(project, name) {
      reach();
      return fake.running.has(`blueprint ${project}/${name}`);
    },
    async ping() {
      reach();
    },
  };
  return fake;
}
