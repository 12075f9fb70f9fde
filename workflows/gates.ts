import type { NodeTask } from '../core/plan.js';
import type { Gate, NodePath, StepName } from '../core/steps.js';

/** A node that may go on past its gate, or give up because of what happened elsewhere. */
export interface Opening {
  hostname: string;
  gate: Gate;
  blockedBy?: string;
}

export interface GateOptions {
  /** Workers whose turn it is at the same time. */
  workersAtOnce?: number | undefined;
  /**
   * Nodes that are at work at once. The first turn of an upgrade waits for so many, or for all if they are fewer, to stand
   * before their gate with everything they need, or to have ended; absent: for nobody else.
   */
  prefetchedFirst?: number | undefined;
}

/**
 * Who may pass which gate between the nodes of one operation. Told what happens (a node stands before a gate, has
 * done a step, has ended), it says who may go on. Knows nothing of Temporal.
 */
export class Gates {
  /** The first control plane answers: it did before, or its initialisation is done. */
  controlPlaneUp: boolean;
  #blockedBy: string | undefined;
  readonly #leader: string | undefined;
  readonly #paths: ReadonlyMap<string, NodePath>;
  readonly #workersAtOnce: number;
  /** Nodes to be upgraded that have to be ready for it, or to have ended, before the first of them begins. */
  #toPrepare: number;
  readonly #prepared = new Set<string>();
  /** Control planes that are upgraded, in the order of their turns. */
  readonly #upgraded: readonly string[];
  /** Of tasks that have not ended. */
  readonly #live: Set<string>;
  readonly #waiting = new Map<string, Gate>();
  /** Control planes before `join-turn`, in the order in which they came. */
  readonly #toJoin: string[] = [];
  #joining: string | undefined;
  readonly #upgrading = new Set<string>();

  constructor(
    tasks: readonly NodeTask[],
    { workersAtOnce = 1, prefetchedFirst = 0 }: GateOptions = {},
  ) {
    this.#paths = new Map(tasks.map(({ hostname, path }) => [hostname, path]));
    this.#live = new Set(this.#paths.keys());
    this.#upgraded = ['upgrade-first', 'upgrade-control-plane'].flatMap((each) =>
      tasks.filter(({ path }) => path === each).map(({ hostname }) => hostname),
    );
    this.#leader = tasks.find(({ path }) => path === 'leader')?.hostname;
    this.controlPlaneUp = this.#leader === undefined;
    this.#workersAtOnce = workersAtOnce;
    this.#toPrepare = Math.min(prefetchedFirst, tasks.filter(({ path }) => isUpgrade(path)).length);
  }

  /** Why nobody may pass any gate any more, if it is so. */
  get blockedBy(): string | undefined {
    return this.#blockedBy;
  }

  /** What was so already when another run of the operation ended. */
  resume({ controlPlaneUp, blockedBy }: { controlPlaneUp: boolean; blockedBy?: string }): void {
    this.controlPlaneUp = controlPlaneUp;
    this.#blockedBy = blockedBy;
    this.#toPrepare = 0;
  }

  /** Gates that a node which starts now need not ask about. */
  get open(): Gate[] {
    return this.controlPlaneUp && this.#blockedBy === undefined ? ['api-up'] : [];
  }

  /** No node is at work any more. */
  get allEnded(): boolean {
    return this.#live.size === 0;
  }

  arrive(hostname: string, gate: Gate): void {
    this.#waiting.set(hostname, gate);
    if (gate === 'join-turn') this.#toJoin.push(hostname);
    if (gate === 'upgrade-turn') this.#prepared.add(hostname);
  }

  done(hostname: string, step: StepName): void {
    if (this.#joining === hostname) this.#joining = undefined;
    if (step === 'kubeadm-init') this.controlPlaneUp = true;
  }

  end(hostname: string, failed: boolean): void {
    const path = this.#paths.get(hostname);
    const hadTurn = this.#upgrading.delete(hostname);
    this.#live.delete(hostname);
    this.#waiting.delete(hostname);
    if (this.#joining === hostname) this.#joining = undefined;
    this.#leaveLine(hostname);
    if (isUpgrade(path)) this.#prepared.add(hostname);
    if (!failed) return;
    if (hostname === this.#leader && !this.controlPlaneUp) {
      this.#blockedBy = `the first control plane ${hostname} did not come up`;
    }
    // What failed on one may fail on all: nothing else is drained. A worker that could not even be prepared is its own affair.
    if (isUpgradedControlPlane(path) || hadTurn) {
      const what =
        path === 'kubelet' ? "the change of the kubelet's settings on" : 'the upgrade of';
      this.#blockedBy ??= `${what} ${hostname} failed`;
    }
  }

  /** Somebody may go on. */
  get hasNews(): boolean {
    return [...this.#waiting].some(([hostname, gate]) => this.#mayPass(hostname, gate));
  }

  /** Everybody who may go on, each once. */
  take(): Opening[] {
    const openings: Opening[] = [];
    for (const [hostname, gate] of [...this.#waiting]) {
      if (!this.#mayPass(hostname, gate)) continue;
      this.#waiting.delete(hostname);
      const blockedBy = this.#blockedBy;
      if (blockedBy === undefined) this.#enter(hostname, gate);
      openings.push({ hostname, gate, ...(blockedBy === undefined ? {} : { blockedBy }) });
    }
    return openings;
  }

  #enter(hostname: string, gate: Gate): void {
    if (gate === 'join-turn') {
      this.#leaveLine(hostname);
      this.#joining = hostname;
    }
    if (gate === 'upgrade-turn') this.#upgrading.add(hostname);
  }

  /** Also of one that ended before its turn came: nobody waits behind it. */
  #leaveLine(hostname: string): void {
    const index = this.#toJoin.indexOf(hostname);
    if (index !== -1) this.#toJoin.splice(index, 1);
  }

  #mayPass(hostname: string, gate: Gate): boolean {
    if (this.#blockedBy !== undefined) return true;
    switch (gate) {
      case 'api-up':
        return this.controlPlaneUp;
      case 'join-turn':
        return this.controlPlaneUp && this.#joining === undefined && this.#toJoin[0] === hostname;
      case 'upgrade-turn':
        return this.#mayUpgrade(hostname);
    }
  }

  /**
   * Once everything is where it is needed: control planes one by one, in the order of the plan with the first one first; then
   * workers as they come.
   */
  #mayUpgrade(hostname: string): boolean {
    if (this.#prepared.size < this.#toPrepare) return false;
    const next = this.#upgraded.find((name) => this.#live.has(name));
    if (next !== undefined) return this.#upgrading.size === 0 && next === hostname;
    return this.#upgrading.size < this.#workersAtOnce;
  }
}

/** From one Kubernetes version to another. */
export function isUpgrade(path: NodePath | undefined): boolean {
  return path === 'upgrade-worker' || isUpgradedControlPlane(path);
}

function isUpgradedControlPlane(path: NodePath | undefined): boolean {
  return path === 'upgrade-first' || path === 'upgrade-control-plane';
}
