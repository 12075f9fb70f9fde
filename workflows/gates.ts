import type { NodeTask } from '../core/plan.js';
import type { Gate, NodePath, StepName } from '../core/steps.js';

/** A node that may go on past its gate, or give up because of what happened elsewhere. */
export interface Opening {
  hostname: string;
  gate: Gate;
  blockedBy?: string;
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
  /** Of tasks that have not ended. */
  readonly #live: Set<string>;
  readonly #waiting = new Map<string, Gate>();
  /** Control planes before `join-turn`, in the order in which they came. */
  readonly #toJoin: string[] = [];
  #joining: string | undefined;
  readonly #upgrading = new Set<string>();

  constructor(tasks: readonly NodeTask[], workersAtOnce = 1) {
    this.#paths = new Map(tasks.map(({ hostname, path }) => [hostname, path]));
    this.#live = new Set(this.#paths.keys());
    this.#leader = tasks.find(({ path }) => path === 'leader')?.hostname;
    this.controlPlaneUp = this.#leader === undefined;
    this.#workersAtOnce = workersAtOnce;
  }

  /** No node is at work any more. */
  get allEnded(): boolean {
    return this.#live.size === 0;
  }

  arrive(hostname: string, gate: Gate): void {
    this.#waiting.set(hostname, gate);
    if (gate === 'join-turn') this.#toJoin.push(hostname);
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
      this.#toJoin.splice(this.#toJoin.indexOf(hostname), 1);
      this.#joining = hostname;
    }
    if (gate === 'upgrade-turn') this.#upgrading.add(hostname);
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

  /** Control planes one by one, in the order of the plan with the first one first; then workers as they come. */
  #mayUpgrade(hostname: string): boolean {
    const controlPlanes = [...this.#live]
      .filter((name) => isUpgradedControlPlane(this.#paths.get(name)))
      .toSorted((a, b) => this.#rank(a) - this.#rank(b));
    if (controlPlanes.length > 0) {
      return this.#upgrading.size === 0 && controlPlanes[0] === hostname;
    }
    return this.#upgrading.size < this.#workersAtOnce;
  }

  #rank(hostname: string): number {
    return this.#paths.get(hostname) === 'upgrade-first' ? 0 : 1;
  }
}

function isUpgradedControlPlane(path: NodePath | undefined): boolean {
  return path === 'upgrade-first' || path === 'upgrade-control-plane';
}
