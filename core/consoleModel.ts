import type { Theme } from './consoleTheme.js';
import type { StepFailure } from './errors.js';
import type { EtcdMember, LookFailure } from './health.js';
import type { NodeStepRecord } from './records.js';
import type { NodePath, StepName } from './steps.js';
import type {
  ConditionStatus,
  ConditionType,
  NodeStatus,
  OperationName,
  OperationStatus,
  Role,
  TasksetStatus,
} from './words.js';

/*
 * What the web console is sent: shapes only, shared by the API that makes them and the page that shows them. They belong
 * to the page and change with it; programs use the V3 API.
 */

/** Who is logged in, and what this server can do. */
export interface ConsoleSession {
  /** Absent: nobody is. */
  user?: { name: string; role: 'viewer' | 'operator' | 'admin'; project?: string };
  version: string;
  /** An apply can be tried without being recorded. */
  dryRun: boolean;
}

/** What the page would ask for first, sent in it. */
export interface ConsoleFirst {
  /** When the page was asked for, by the server's clock. */
  now: string;
  session: ConsoleSession;
  /** Of the address that was asked for, with the id of the event that would say so; absent: it shows another page, or it took long. */
  list?: { id: string; value: ConsoleList };
}

/** Of a request for the page: what of it the page shows. */
export interface ConsoleAsked {
  pathname: string;
  /** With its `?`. */
  search: string;
  theme: Theme;
}

/** What the page shows first to who is logged in, as HTML; the script in the page makes the same elements of it, and keeps these. */
export type ConsolePaint = (first: ConsoleFirst, asked: ConsoleAsked) => string;

/** A cluster's state in one word, for people. */
export const ConsoleState = {
  Ready: 'ready',
  /** What is desired is applied, and something is not as it should be. */
  Degraded: 'degraded',
  /** Asked for, and not begun. */
  Waiting: 'waiting',
  Working: 'working',
  Failed: 'failed',
  Deleting: 'deleting',
} as const;
export type ConsoleState = (typeof ConsoleState)[keyof typeof ConsoleState];

/** Where a taskset stands among its steps. */
export interface ConsoleStepPlace {
  number: number;
  total: number;
  title: string;
}

export interface ConsoleRow {
  id: string;
  /** Through which it is seen. */
  project: string;
  /** Whose it is, where another project shares it with that one: it can only be read. */
  sharedBy?: string;
  name: string;
  displayName?: string;
  state: ConsoleState;
  /** Why, where it is not simply ready. */
  reason?: string;
  version: string;
  /** What runs, where it is another one. */
  appliedVersion?: string;
  blueprint: string;
  labels: Record<string, string>;
  nodes: { ready: number; total: number };
  operation?: {
    name: OperationName;
    status: OperationStatus;
    /** RFC 3339: when it ended, else when it began. */
    at: string;
    step?: ConsoleStepPlace;
  };
}

export interface ConsoleList {
  projects: string[];
  items: ConsoleRow[];
  /** Of all that the filters hold for; absent where that would cost more than it tells. */
  count?: number;
  /** Goes on after the last item. */
  continue?: string;
}

/** One event of the list: the server's time, and what changed since the event before. */
export interface ConsoleListChange {
  now: string;
  /** Ids of all rows, in their order. */
  order: string[];
  /** What is new or has changed of them. */
  items: ConsoleRow[];
  /** What is around them; absent: as before. */
  about?: Omit<ConsoleList, 'items'>;
}

export interface ConsoleCondition {
  type: ConditionType;
  status: ConditionStatus;
  reason: string;
  /** RFC 3339; absent: never written. */
  at?: string;
}

export interface ConsoleCluster {
  id: string;
  project: string;
  name: string;
  displayName?: string;
  description?: string;
  labels: Record<string, string>;
  state: ConsoleState;
  reason: string;
  /** RFC 3339: of the state. */
  at: string;
  version: string;
  appliedVersion?: string;
  blueprint: string;
  generation: number;
  createdAt: string;
  /** What is desired is not what was applied last. */
  ahead: boolean;
  deleting: boolean;
  conditions: ConsoleCondition[];
  /** There is something that `retry` would try again. */
  canRetry: boolean;
  canCancel: boolean;
  byInstaller: boolean;
  /** Machines that have to leave, and kept what was done from its end because they are away: `force` gives them up. */
  away: { hostname: string; message: string }[];
}

export interface ConsoleHostKey {
  /** The bastion's, not the machine's own. */
  bastion: boolean;
  fingerprint: string;
  seen: string;
  seenAt: string;
}

export interface ConsoleNode {
  hostname: string;
  roles: Role[];
  status: NodeStatus;
  leaving: boolean;
  arch?: string;
  operatingSystem?: string;
  address?: string;
  version?: string;
  cpus?: number;
  memoryBytes?: number;
  lastError?: StepFailure & { message: string };
  /** Changed host keys that wait for a person. */
  hostKeys: ConsoleHostKey[];
  /** It has registered and waits for a person to let it in. */
  registration?: {
    address: string;
    username: string;
    operatingSystem: string;
    arch: string;
    hostKeys: string[];
    registeredAt: string;
  };
}

export interface ConsoleMachineStep {
  hostname: string;
  state: NodeStepRecord['state'];
  attempt?: number;
  /** RFC 3339. */
  startedAt?: string;
  endedAt?: string;
  failure?: StepFailure & { message: string };
}

export interface ConsoleStep {
  name: StepName;
  title: string;
  /** Its place in the taskset; absent for what ran beside the plan. */
  number?: number;
  machines: ConsoleMachineStep[];
}

export interface ConsoleOperation {
  name: OperationName;
  status: OperationStatus;
  reason: string;
  errorSummary?: string;
  startedAt?: string;
  endedAt?: string;
  /** Its execution in Temporal's Web UI. */
  temporalUrl?: string;
  nodes: { hostname: string; path?: NodePath }[];
  steps: ConsoleStep[];
}

export interface ConsoleTaskset {
  id: string;
  sequence: number;
  generation: number;
  status: TasksetStatus;
  comments: string;
  createdAt: string;
  endedAt?: string;
  step?: ConsoleStepPlace;
  total: number;
  operations: ConsoleOperation[];
}

export interface ConsoleTasksetSummary {
  id: string;
  sequence: number;
  status: TasksetStatus;
  comments: string;
  createdAt: string;
  endedAt?: string;
  operations: { name: OperationName; status: OperationStatus }[];
}

/** The parts of a cluster's page, each sent when it changes. */
export interface ConsolePage {
  cluster: ConsoleCluster;
  nodes: ConsoleNode[];
  /** The newest one. */
  taskset: ConsoleTaskset | null;
  tasksets: ConsoleTasksetSummary[];
}

/** One event of a cluster's page: the server's time, and what changed since the event before. */
export type ConsoleChange = { now: string } & Partial<ConsolePage>;

/** The last look at a cluster, in short. */
export interface ConsoleHealth {
  /** RFC 3339. */
  lookedAt: string;
  through?: string;
  /** Why nothing was seen. */
  failures: LookFailure[];
  warnings: string[];
  /** Absent: it did not tell. */
  etcd?: EtcdMember[];
  /** The first of the control planes' certificates that ends. */
  certificate?: { hostname: string; at: string; soon: boolean };
  /** The fullest of all. */
  disk?: { hostname: string; path: string; usedPercent: number; full: boolean };
  /** Machines that are not as they were set up. */
  drifted: string[];
  snapshots: { count: number; newest?: string };
}

/** The spec as text to read and edit, and what was applied last. */
export interface ConsoleSpec {
  /** YAML of the Cluster as it can be posted back. */
  desired: string;
  /** The same with the spec that was applied last; absent: none was. */
  applied?: string;
  /** For `If-Match`. */
  resourceVersion: string;
}
