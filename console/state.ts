import type {
  ConsoleHealth,
  ConsoleList,
  ConsolePage,
  ConsoleSession,
  ConsoleSpec,
  ConsoleTaskset,
  ConsoleTasksetSummary,
} from '../core/consoleModel.js';
import type { VNode } from './dom.js';

export type Route =
  | { page: 'list'; query: URLSearchParams }
  | { page: 'cluster'; project: string; name: string; query: URLSearchParams };

/** Text that a step wrote, as it is known so far. */
export interface StepLog {
  text: string;
  error?: string;
  loading: boolean;
  /** Ends following it. */
  stop?: () => void;
}

/** What is known of the cluster whose page is shown. */
export interface ClusterState {
  project: string;
  name: string;
  page?: ConsolePage;
  gone: boolean;
  /** The stream is open: what is shown is what is. */
  live: boolean;
  refused?: { status: number; message: string };
  /** An older taskset that was chosen. */
  taskset?: ConsoleTaskset;
  history?: ConsoleTasksetSummary[];
  /** More of it is being asked for. */
  historyBusy?: boolean;
  /** There is nothing before what is known of it. */
  historyEnds?: boolean;
  /** Why no more of it came when it was asked for last. */
  historyError?: string;
  health?: ConsoleHealth;
  spec?: ConsoleSpec;
  specError?: string;
  edit?: SpecEdit;
  /** Rows of the timeline that a person opened or closed: what they did stands. */
  open: Map<string, boolean>;
  logs: Map<string, StepLog>;
  nodeFilter: string;
}

export interface SpecEdit {
  /** As it stood when it was opened. */
  begun: string;
  text: string;
  /** Machines that leave and do not answer are given up; absent: nothing has said yet that it may be needed. */
  force?: boolean;
  from: ConsoleSpec;
  busy: boolean;
  error?: { message: string; details: readonly { path: string; message: string }[] };
  plan?: unknown;
}

export interface Notice {
  id: number;
  tone: 'ok' | 'bad';
  text: string;
}

export interface App {
  session?: ConsoleSession;
  loginError?: string;
  busy: boolean;
  route: Route;
  list?: ConsoleList;
  listError?: string;
  cluster?: ClusterState;
  dialog?: () => VNode;
  notices: Notice[];
  /** The server's clock less this computer's. */
  clockOffsetMs: number;
}

export const app: App = {
  busy: false,
  route: { page: 'list', query: new URLSearchParams() },
  notices: [],
  clockOffsetMs: 0,
};

let draw: () => void = () => undefined;
let asked = false;

/** Whoever draws the page says so, once. */
export function whenChanged(handler: () => void): void {
  draw = handler;
}

/** Something of `app` has changed: the page is drawn anew before the next frame, once for all that changes till then. */
export function changed(): void {
  if (asked) return;
  asked = true;
  queueMicrotask(() => {
    asked = false;
    draw();
  });
}

/** By the server's clock, which the times that are shown come from. */
export function now(): number {
  return Date.now() + app.clockOffsetMs;
}

let notices = 0;
const NOTICE_MS = 6000;

export function notify(tone: Notice['tone'], text: string): void {
  const id = ++notices;
  app.notices = [...app.notices, { id, tone, text }];
  changed();
  setTimeout(() => dismiss(id), NOTICE_MS);
}

export function dismiss(id: number): void {
  app.notices = app.notices.filter((notice) => notice.id !== id);
  changed();
}

/** Whether who is logged in may change the cluster: one of another project can only be read. */
export function mayChange(state: ClusterState): boolean {
  const role = app.session?.user?.role;
  return (role === 'operator' || role === 'admin') && sharedBy(state) === undefined;
}

/** The project that a cluster is of, where another one than that through which it is seen. */
export function sharedBy({ page, project }: ClusterState): string | undefined {
  const owner = page?.cluster.project;
  return owner === project ? undefined : owner;
}
