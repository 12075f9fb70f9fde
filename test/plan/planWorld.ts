import { tasksetEnd } from '../../activities/tasksetEnd.js';
import type { OperationOutcome } from '../../activities/refs.js';
import type { AskedKind } from '../../core/askedOperations.js';
import {
  ask,
  askAgain,
  endAsked,
  isObserved,
  openAsked,
  specIsDue,
  takeAsked,
  type AskedOperation,
  type AskedQueue,
  type Standing,
} from '../../core/askedOperations.js';
import { pinnedVersion, type ResolvedBlueprint } from '../../core/blueprints.js';
import type { ClusterSpec } from '../../core/cluster.js';
import { plan, withBlueprint, type DesiredState, type OperationPlan } from '../../core/plan.js';
import { isAside, planBeside } from '../../core/planAsked.js';
import { OperationName } from '../../core/words.js';
import { OperationCarrier, type Outcome, type Weather } from './operationCarrier.js';

export type { Weather } from './operationCarrier.js';

/** A taskset as it was recorded: one that was cut off goes on by it. */
interface Taskset {
  id: string;
  generation: number;
  retries: number;
  spec: ClusterSpec;
  /** How many versions of the blueprint there were. */
  published: number;
  operations: OperationPlan[];
  finished: Set<number>;
  /** An operation of it has: nobody goes on with it. */
  failed: boolean;
}

/**
 * A cluster's life: what is asked of it, and tasksets as `takeWork`, `runTaskset` and `endTaskset` make, carry out and end
 * them. What was done is recorded as it happens, what fails leaves what it had done, and the spec counts as applied only
 * when all of a taskset went well.
 */
export class PlanWorld extends OperationCarrier {
  #generation = 0;
  #retries = 0;
  #observed = { generation: 0, retries: 0, deleting: false };
  #tasksets = 0;
  #failed = false;
  #force = false;
  #desired: ClusterSpec | undefined;
  #applied: Pick<Taskset, 'spec' | 'published'> | undefined;
  #cut: Taskset | undefined;
  #queue: AskedQueue = { entries: [], done: [] };
  #asks = 0;
  /** How many syncs were asked for, and the last that was done. */
  #syncs = 0;
  /** Versions of the blueprint `own`, oldest first. */
  #published: readonly ResolvedBlueprint[];
  readonly available: readonly string[] | undefined;

  constructor({
    published = [],
    available,
  }: { published?: readonly ResolvedBlueprint[]; available?: readonly string[] } = {}) {
    super();
    this.#published = published;
    this.available = available;
  }

  get asked(): AskedQueue {
    return this.#queue;
  }

  get published(): readonly ResolvedBlueprint[] {
    return this.#published;
  }

  resolve({ blueprint }: ClusterSpec): ResolvedBlueprint | undefined {
    if (blueprint.name !== 'own') return undefined;
    const version = pinnedVersion(blueprint);
    const found = this.#published.filter(
      (each) => version === undefined || each.version === version,
    );
    return found.at(-1);
  }

  /** As `takeWork` has it. */
  desired(spec: ClusterSpec, force = this.#force): DesiredState {
    const blueprint = this.resolve(spec);
    return {
      ...{ spec, deleting: false, force, asked: openAsked(this.#queue.entries) },
      ...(blueprint === undefined ? {} : { blueprint }),
      ...(this.available === undefined ? {} : { available: this.available }),
      ...(this.#syncs > (this.recorded.cluster.sync ?? 0) ? { sync: this.#syncs } : {}),
    };
  }

  /** The same again is a retry where it has failed, and nothing where it has not. */
  submit(spec: ClusterSpec, { force = false } = {}): void {
    if (JSON.stringify(spec) === JSON.stringify(this.#desired)) {
      if (!this.#failed) return;
      this.retry({ restores: this.applied.restoring !== undefined });
    } else {
      this.#generation += 1;
    }
    this.#desired = spec;
    this.#force = force;
  }

  retry({ force = this.#force, restores = true } = {}): void {
    this.#retries += 1;
    this.#force = force;
    this.#queue = askAgain(this.#queue, { restores });
  }

  publish(version: ResolvedBlueprint): void {
    this.#published = [...this.#published, version];
    if (this.applied.created) this.#retries += 1;
  }

  /** Somebody changes what the blueprint has applied, and a sync is asked for. */
  sync(): void {
    if (!this.applied.created) return;
    this.live.data = { ...this.live.data, drifted: true };
    this.#syncs += 1;
    this.#retries += 1;
  }

  ask(kind: AskedKind, args?: Record<string, string>): AskedOperation | undefined {
    this.#asks += 1;
    const wanted = {
      ...{ id: `${kind}-${String(this.#asks)}`, kind, askedAt: String(this.#asks) },
      retries: this.#retries + 1,
      ...(args === undefined ? {} : { args }),
    };
    const result = ask(this.#queue, wanted);
    if (result === undefined) return undefined;
    this.#queue = result.queue;
    if (result.fresh) this.#retries += 1;
    return result.asked;
  }

  /** A spec and its taskset, from its plan to its end. True: it went well. */
  async apply(spec: ClusterSpec, fails: Weather, of: { force?: boolean } = {}): Promise<boolean> {
    this.submit(spec, of);
    return this.work(fails);
  }

  /**
   * One taskset for what is due, if anything is. True: it went well. `cuts`: whoever is at work may be gone between two
   * operations, before anything of the end is written.
   */
  async work(fails: Weather, cuts: Weather = () => false): Promise<boolean> {
    this.day += 1;
    const taskset = this.#take();
    if (taskset === undefined) return true;
    const outcomes: OperationOutcome[] = [];
    let blocked: boolean = false;
    for (const [index, operation] of taskset.operations.entries()) {
      if (taskset.finished.has(index)) continue;
      if (cuts()) {
        this.#cut = taskset;
        return false;
      }
      this.#expectHeld(operation);
      const how: Outcome = blocked
        ? 'stops'
        : await this.carryOut(operation, taskset.spec, { fails });
      if (how === 'done') taskset.finished.add(index);
      const failed: boolean = how !== 'done';
      taskset.failed ||= failed;
      outcomes.push({ index, failed, errorSummary: failed ? 'it broke' : '' });
      const later = taskset.operations.slice(index + 1).some(isUpgrade);
      blocked ||=
        how === 'stops' || (failed && later && (isUpgrade(operation) || joins(operation)));
    }
    return this.#end(taskset, outcomes);
  }

  /** The deletion of the cluster. True: it went well. */
  async delete(fails: Weather, { force = false } = {}): Promise<boolean> {
    const spec = this.#desired;
    if (spec === undefined) return true;
    const [operation] = plan(this.applied, { spec, deleting: true, force });
    if (operation === undefined) throw new Error('a deletion is planned, whatever there is');
    return (await this.carryOut(operation, spec, { fails, deleting: true })) === 'done';
  }

  #standing(): Standing {
    const { entries: asked } = this.#queue;
    const [generation, retries] = [this.#generation, this.#retries];
    return { generation, retries, deleting: false, observed: this.#observed, asked };
  }

  /** Whether there is nothing to do. */
  get isObserved(): boolean {
    return isObserved(this.#standing());
  }

  /** The last spec was applied by the last taskset, and nothing was asked for, or published, since that began. */
  get isApplied(): boolean {
    const { spec, published } = this.#applied ?? {};
    return this.isObserved && spec === this.#desired && published === this.#published.length;
  }

  /** No machine could be given another version. */
  #expectHeld({ kubernetesVersion: version }: OperationPlan): void {
    if (version === undefined || this.available === undefined) return;
    if (!this.available.includes(version)) throw new Error(`no artifact holds ${version}`);
  }

  #take(): Taskset | undefined {
    const spec = this.#desired;
    const cut = this.#cut;
    this.#cut = undefined;
    if (spec === undefined) return undefined;
    if (cut?.generation === this.#generation && !cut.failed) return cut;
    if (cut !== undefined) this.#supersede(cut);
    if (this.isObserved) return undefined;
    this.recorded.forgetLeft();
    const isDue = specIsDue(this.#standing());
    const desired = this.desired(spec);
    const operations = isDue
      ? plan(this.applied, desired)
      : withBlueprint(planBeside(this.applied, desired), desired.blueprint);
    if (isDue && operations.every(isAside)) {
      this.recorded.set({ spec, metadataBegun: false, failure: '' });
    }
    this.#tasksets += 1;
    for (const node of spec.config.nodes) {
      if (!this.recorded.nodes.has(node.hostname)) this.recorded.add(node);
    }
    const id = `t${String(this.#tasksets)}`;
    const ids = operations.flatMap(({ asked }) => (asked === undefined ? [] : [asked.id]));
    this.#queue = takeAsked(this.#queue, { ids, tasksetId: id });
    const [generation, retries] = [this.#generation, this.#retries];
    const published = this.#published.length;
    return {
      ...{ id, generation, retries, spec, published, operations },
      ...{ finished: new Set(), failed: false },
    };
  }

  /** As `endSuperseded`. */
  #supersede({ id, operations, finished }: Taskset): void {
    const done = operations.flatMap(({ asked }, index) =>
      asked !== undefined && finished.has(index) ? [asked.id] : [],
    );
    const end = { tasksetId: id, done, well: false, superseded: true } as const;
    this.#queue = endAsked(this.#queue, end);
  }

  #end(
    { id, spec, published, operations, generation, retries }: Taskset,
    outcomes: readonly OperationOutcome[],
  ): boolean {
    const failed = outcomes.some((outcome) => outcome.failed);
    const work = { operations } as Parameters<typeof tasksetEnd>[0]['work'];
    const end = tasksetEnd({ work, outcomes, record: { applied: this.recorded.cluster } });
    if (end.applied) this.recorded.set({ spec, metadataBegun: false });
    if (end.specFailure !== undefined) this.recorded.set({ failure: end.specFailure });
    this.#applied = end.applied && !failed ? { spec, published } : undefined;
    this.#queue = endAsked(this.#queue, { tasksetId: id, done: end.doneAsked, well: !failed });
    this.#observed = { generation, retries, deleting: false };
    this.#failed = failed;
    return !failed;
  }
}

function joins({ name, nodes }: OperationPlan): boolean {
  const isOne = nodes.some(({ path }) => path === 'control-plane');
  return name === OperationName.NodeAddition && isOne;
}

function isUpgrade({ name }: OperationPlan): boolean {
  return name === OperationName.ClusterUpgrade;
}
