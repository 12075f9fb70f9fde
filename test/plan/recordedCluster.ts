import type { ActivityDeps } from '../../activities/deps.js';
import type { LoadedCluster } from '../../activities/load.js';
import { networkApplied, networkRolledOut } from '../../activities/network.js';
import { recordApplied } from '../../activities/recordApplied.js';
import type { OperationRef } from '../../activities/refs.js';
import { afterStep, beforeClusterStep, beforeStep } from '../../activities/stepEffects.js';
import { appliedState, hasLeft } from '../../core/appliedState.js';
import type { ClusterSpec, NodeSpec } from '../../core/cluster.js';
import type { AppliedState, OperationPlan } from '../../core/plan.js';
import type { AppliedCluster, NodeRecord } from '../../core/records.js';
import type { StepName } from '../../core/steps.js';
import { OperationName } from '../../core/words.js';
import { clusterRecord, nodeRecord } from '../api/records.js';
import { placementOf } from './liveCluster.js';

const ID = 'pd270k4';

export interface StepOf {
  operation: OperationPlan;
  /** At the version of the operation. */
  spec: ClusterSpec;
}

/** What the store holds of a cluster, written by the activities' own code. */
export class RecordedCluster {
  cluster: AppliedCluster = { initialised: false, created: false };
  nodes = new Map<string, NodeRecord>();
  readonly #deps = {
    source: { manifest: () => Promise.resolve('') },
    store: {
      nodes: {
        upsert: (_id: string, hostname: string, set: Partial<NodeRecord>) => {
          const known = this.nodes.get(hostname);
          const before = known ?? (set.spec && nodeRecord(set.spec));
          if (before !== undefined) this.nodes.set(hostname, { ...before, ...set });
          return Promise.resolve();
        },
        setStatus: (_id: string, hostname: string, status: NodeRecord['status']) => {
          this.setStatus(hostname, status);
          return Promise.resolve();
        },
      },
      clusters: {
        getById: () => Promise.resolve({ ...clusterRecord(), applied: this.cluster }),
        setApplied: (_id: string, set: Partial<AppliedCluster>) => {
          this.cluster = { ...this.cluster, ...set };
          return Promise.resolve();
        },
      },
      certificates: {
        record: (_id: string, hostname: string, certificates: NodeRecord['certificates']) => {
          const known = this.nodes.get(hostname);
          if (known !== undefined && certificates !== undefined) {
            this.nodes.set(hostname, { ...known, certificates });
          }
          return Promise.resolve();
        },
      },
    },
  } as unknown as ActivityDeps;

  get applied(): AppliedState {
    return appliedState({ record: { applied: this.cluster }, nodes: [...this.nodes.values()] });
  }

  setStatus(hostname: string, status: NodeRecord['status']): void {
    const known = this.nodes.get(hostname);
    if (known !== undefined) this.nodes.set(hostname, { ...known, status });
  }

  set(set: Partial<AppliedCluster>): void {
    this.cluster = { ...this.cluster, ...set };
  }

  /** What a taskset begins with, or forgets. */
  add(spec: NodeSpec): void {
    this.nodes.set(spec.hostname, nodeRecord(spec));
  }

  /** As `takeWork` does before it plans. */
  forgetLeft(): void {
    for (const [hostname, node] of this.nodes) if (hasLeft(node)) this.nodes.delete(hostname);
  }

  /** A step of a node begins. */
  async before(step: StepName, on: NodeSpec, of: StepOf): Promise<void> {
    const ref = { ...refOf(of.operation), hostname: on.hostname, step };
    await beforeStep(this.#deps, ref, this.#loaded(of.spec), on);
    const known = this.nodes.get(on.hostname);
    if (known === undefined) return;
    const run = { state: 'running', tasksetId: 't', operation: of.operation.name, attempt: 1 };
    const steps = { ...known.steps, [step]: run };
    this.nodes.set(on.hostname, { ...known, steps });
  }

  /** It is done. */
  async after(
    step: StepName,
    on: NodeSpec,
    of: StepOf & { results?: Record<string, string> },
  ): Promise<void> {
    const result = { outcome: 'done', results: of.results ?? {} } as never;
    const ref = { ...refOf(of.operation), hostname: on.hostname, step };
    await afterStep(this.#deps, ref, this.#loaded(of.spec), on, result);
  }

  /** A step through a control plane begins. */
  async beforeCluster(step: StepName, of: StepOf, subject?: string): Promise<void> {
    const ref = { ...refOf(of.operation), step, ...(subject === undefined ? {} : { subject }) };
    await beforeClusterStep(this.#deps, ref, this.#loaded(of.spec));
  }

  /** As `isNetworkDone`. */
  isNetworkDone(step: StepName, { operation, spec }: StepOf): boolean {
    const { network } = this.cluster;
    if (step === 'cni-rollout') return network?.begun === false;
    if (step !== 'cni' || operation.name !== OperationName.BlueprintSync) return false;
    return network?.begun !== true && network?.sha256 === manifestOf(spec);
  }

  async networkApplied({ operation, spec }: StepOf): Promise<void> {
    const results = { manifestSum: manifestOf(spec) };
    await networkApplied(this.#deps, refOf(operation), this.#loaded(spec), { results });
  }

  async networkRolledOut({ operation, spec }: StepOf): Promise<void> {
    await networkRolledOut(this.#deps, refOf(operation), this.#loaded(spec));
  }

  async end({ operation, spec }: StepOf): Promise<void> {
    await recordApplied(this.#deps, refOf(operation), spec);
  }

  #loaded(spec: ClusterSpec): LoadedCluster {
    const record = clusterRecord();
    return {
      record: { ...record, applied: this.cluster, desired: { ...record.desired, spec } },
      nodes: [...this.nodes.values()],
    };
  }
}

/** What a manifest of the network is made of. */
function manifestOf(spec: ClusterSpec): string {
  return JSON.stringify([spec.config.network.cni.version, placementOf(spec)]);
}

function refOf({ name, kubernetesVersion, blueprint, sync }: OperationPlan): OperationRef {
  return {
    ...{ project: 'p', name: 'demo', clusterId: ID, generation: 1, tasksetId: 't' },
    ...{ operation: name, operationIndex: 0 },
    ...(kubernetesVersion === undefined ? {} : { kubernetesVersion }),
    ...(blueprint === undefined ? {} : { blueprint }),
    ...(sync === undefined ? {} : { sync }),
  };
}
