import type { Artifact } from '../core/artifacts.js';

/** How to reach one machine. Secrets are held here only for the time of the connection. */
export interface MachineTarget {
  /** The node's hostname in the spec: names it in errors and logs. */
  node: string;
  host: string;
  port: number;
  username: string;
  privateKey: string;
  passphrase?: string;
  /** Pinned host key: `ssh-ed25519 AAAA…` or `SHA256:…`. Absent: trust on first use, reported by `onHostKey`. */
  hostKey?: string;
  /** It is another machine's bastion: failures say so. */
  isBastion?: boolean;
  bastion?: {
    host: string;
    port: number;
    username: string;
    /** Pinned, as the machine's. */
    hostKey?: string;
    /** Absent: the machine's key. */
    key?: { privateKey: string; passphrase?: string };
  };
}

/** The host key a connection was made with. */
export interface SeenHostKey {
  /** `ssh-ed25519 AAAA…`. */
  key: string;
  /** `SHA256:…`, as ssh-keygen -l prints it. */
  fingerprint: string;
}

export interface ExecResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** Who may work on the machine, written into its owner file. */
export interface Owner {
  clusterId: string;
  cluster: string;
  project: string;
}

/** One run of a step's script. The same `runId` always means the same run: a second call attaches to it. */
export interface StepRun {
  /** `[a-z0-9-]`, at most 80 characters: `<tasksetId>-<step>-<attempt>`; the unit is `plinth-<runId>.service`. */
  runId: string;
  owner: Owner;
  tasksetId: string;
  step: string;
  /** Full text: prelude + OS family + step. Sent once per content hash. */
  script: string;
  /** Shell variables of the script; they travel on stdin into a 0600 file on tmpfs. */
  params: Record<string, string>;
  timeoutSeconds: number;
  /** The owner check is left out only for `facts` (nothing is changed) and for `release`. */
  requireOwner: boolean;
  /** Nothing of ours is on the machine once it is done: what the runner keeps there goes before its end is told. */
  last?: boolean;
  /** Runs beside whatever else works on the machine: help for another node, through a control plane. */
  beside?: boolean;
}

export interface StepRunResult {
  outcome: 'done' | 'skipped' | 'failed' | 'unknown';
  /** `unknown`: the machine rebooted (boot_id differs) while it ran, or its state is gone. */
  exitCode?: number;
  /** Why it was skipped. */
  reason?: string;
  /** `result KEY VALUE` lines of the script. */
  results: Record<string, string>;
  /** The last command `run` was given. */
  command?: string;
  hint?: string;
  /** Error class the script named by `fail CODE`, e.g. PackageLockHeld. */
  failCode?: string;
  lastLines: string[];
  /** The unit's own times on the machine, milliseconds since the epoch. */
  startedAt: number;
  endedAt: number;
  bootId: string;
  /** True when this call found the run already started and attached to it. */
  reattached: boolean;
}

export interface StepHooks {
  /** Whole lines, in order; `offset` is the byte offset in the run's output after these lines. */
  onLines?(lines: string[], offset: number): void;
  /** The machine is ours, and the run that this call follows is begun. */
  onBegun?(): void;
  /** Where to go on reading the output after a re-attach. */
  fromOffset?: number;
  signal?: AbortSignal;
}

/** One machine over one multiplexed SSH connection. Errors are AppErrors with the classes of core/errors. */
export interface MachineSession {
  readonly node: string;
  readonly hostKey: SeenHostKey;
  /** Of the bastion that the connection goes through. */
  readonly bastionHostKey?: SeenHostKey;
  /** Runs as root (`sudo -n` where the login is not root). Output capped at 1 MiB. A lost connection throws ConnectionLost. */
  exec(
    command: string,
    options?: { stdin?: string | Buffer; timeoutMs?: number; signal?: AbortSignal },
  ): Promise<ExecResult>;
  runStep(run: StepRun, hooks?: StepHooks): Promise<StepRunResult>;
  /** Stops the unit of a run, if it is live. */
  cancelRun(runId: string): Promise<void>;
  /**
   * Makes every artifact present under /var/lib/plinth/artifacts/<sha256>, sends only what is missing,
   * resumes partial files, verifies on arrival. `open` gives a bundle file's bytes from an offset. `within` a taskset
   * the machine is asked only about files that this connection has not seen there yet.
   */
  ensureArtifacts(
    artifacts: readonly Artifact[],
    open: (artifact: Artifact, from: number) => NodeJS.ReadableStream,
    hooks?: {
      onProgress?(sentBytes: number, totalBytes: number): void;
      signal?: AbortSignal;
      within?: string;
    },
  ): Promise<{ sent: number; bytes: number }>;
}

/** The pool: one connection per machine, closed when idle, handshakes capped per second. */
export interface Machines {
  /** Runs `work` with the machine's connection, made when there is none. */
  with<T>(target: MachineTarget, work: (session: MachineSession) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}
