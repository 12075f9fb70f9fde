import { endpointBackends } from '../../core/apiEndpoint.js';
import type { ClusterSpec, NodeSpec } from '../../core/cluster.js';
import { kubeletSettings, sharedKubelet, uploadedKubelet } from '../../core/kubeletSettings.js';
import { isMember, plan, type AppliedNode, type AppliedState } from '../../core/plan.js';
import { metadataOf, type NodeTask, type OperationPlan } from '../../core/plan.js';

/** What is really on a machine and in the cluster, whatever the records say. */
interface LiveNode {
  version: string;
  kubelet: string;
  endpoint: string;
  metadata: string;
}

/** Whether what is tried next fails. */
export type Weather = () => boolean;

const NOTHING: AppliedState = { initialised: false, created: false, nodes: [] };

/**
 * Carries plans out as the workflows and activities do: what was done is recorded as it happens, what fails leaves what it
 * had done, and the spec counts as applied only when all of a taskset went well.
 */
export class PlanWorld {
  applied: AppliedState = NOTHING;
  readonly live = new Map<string, LiveNode>();
  /** What its objects are of; two names where a sync was cut off. */
  blueprint = '';

  /** A taskset from its plan to its end. True: it went well. */
  apply(spec: ClusterSpec, fails: Weather): boolean {
    let well = true;
    for (const operation of plan(this.applied, { spec, deleting: false })) {
      if (this.#carryOut(operation, spec, fails)) continue;
      well = false;
      // An operation that leaves the control plane up does not stop what comes after it.
      if (fails()) break;
    }
    if (well) this.#record({ spec, metadataBegun: false });
    return well;
  }

  #record(set: Partial<AppliedState>): void {
    this.applied = { ...this.applied, ...set };
  }

  #recordNode(hostname: string, set: Partial<AppliedNode>, spec?: NodeSpec): void {
    const known = this.applied.nodes.find((node) => node.hostname === hostname);
    const fresh = { hostname, claimed: false, joined: false, leader: false };
    const before = known ?? (spec === undefined ? undefined : { ...fresh, spec });
    if (before === undefined) return;
    const others = this.applied.nodes.filter((node) => node.hostname !== hostname);
    this.#record({ nodes: [...others, { ...before, ...set }] });
  }

  #carryOut(operation: OperationPlan, spec: ClusterSpec, fails: Weather): boolean {
    const at = {
      ...spec,
      config: {
        ...spec.config,
        kubernetesVersion: operation.kubernetesVersion ?? spec.config.kubernetesVersion,
      },
    };
    for (const hostname of operation.leave) {
      this.#recordNode(hostname, { leaving: true });
      if (fails()) return false;
    }
    for (const step of operation.firstSteps ?? [])
      if (!this.#clusterStep(step, at, fails)) return false;
    let failed = false;
    for (const task of operation.nodes) {
      const done = this.#node(task, at, fails);
      failed ||= !done;
      // Nobody joins a cluster that is not there.
      if (!done && task.path === 'leader') return false;
    }
    if (failed && operation.name !== 'NodeAddition' && operation.name !== 'ClusterCreation') {
      return false;
    }
    for (const step of operation.clusterSteps)
      if (!this.#clusterStep(step, at, fails)) return false;
    if (operation.name === 'ClusterCreation' && !failed) this.#record({ created: true, spec });
    if (operation.name === 'BlueprintSync') {
      this.#record({ blueprint: spec.blueprint, blueprintBegun: false });
    }
    return !failed;
  }

  #clusterStep(step: string, spec: ClusterSpec, fails: Weather): boolean {
    switch (step) {
      case 'node-metadata':
        if (this.applied.spec !== undefined && metadataOf(this.applied.spec) !== metadataOf(spec)) {
          this.#record({ metadataBegun: true });
        }
        for (const node of spec.config.nodes) {
          if (fails()) return false;
          this.#touch(node.hostname, { metadata: metadataOfNode(spec, node) });
        }
        return true;
      case 'kubelet-config-upload':
        if (fails()) return false;
        this.#record({ kubelet: sharedKubelet(spec) });
        return true;
      case 'blueprint-sync':
        this.#record({ blueprintBegun: true });
        this.blueprint = `${this.blueprint} ${spec.blueprint.name}`;
        if (fails()) return false;
        this.blueprint = spec.blueprint.name;
        return true;
      default:
        return !fails();
    }
  }

  #touch(hostname: string, set: Partial<LiveNode>): void {
    const known = this.live.get(hostname);
    if (known !== undefined) this.live.set(hostname, { ...known, ...set });
  }

  #node({ hostname, path }: NodeTask, spec: ClusterSpec, fails: Weather): boolean {
    const wanted = spec.config.nodes.find((node) => node.hostname === hostname);
    const kubelet = (of: NodeSpec) => ({
      ...kubeletSettings(spec, of),
      shared: uploadedKubelet(this.applied, spec),
    });
    switch (path) {
      case 'leader':
      case 'control-plane':
      case 'worker':
      case 'added-worker': {
        if (wanted === undefined) throw new Error(`${hostname} joins, and is not wanted`);
        this.#recordNode(hostname, { claimed: true, leader: path === 'leader' }, wanted);
        if (fails()) return false;
        if (path === 'leader' && !this.applied.initialised) {
          const { kubernetesVersion } = spec.config;
          this.#record({ initialised: true, kubernetesVersion, kubelet: sharedKubelet(spec) });
        }
        const joined = this.applied.nodes.find((node) => node.hostname === hostname);
        // A creation that goes on finds those that have joined.
        const endpoint = endpointBackends(spec);
        if (isMember(joined) && this.live.has(hostname)) {
          this.#touch(hostname, { endpoint });
          this.#recordNode(hostname, { endpoint });
          return true;
        }
        const given = kubelet(wanted);
        const version = spec.config.kubernetesVersion;
        this.live.set(hostname, {
          version,
          kubelet: JSON.stringify(given),
          endpoint,
          metadata: '',
        });
        this.#recordNode(hostname, {
          joined: true,
          kubelet: given,
          endpoint,
          kubernetesVersion: version,
        });
        return true;
      }
      case 'clean':
        if (fails()) return false;
        this.live.delete(hostname);
        this.#record({ nodes: this.applied.nodes.filter((node) => node.hostname !== hostname) });
        return true;
      case 'endpoint': {
        if (fails()) return false;
        const endpoint = endpointBackends(spec);
        this.#touch(hostname, { endpoint });
        this.#recordNode(hostname, { endpoint });
        return true;
      }
      case 'kubelet': {
        if (fails() || wanted === undefined) return false;
        const given = kubelet(wanted);
        this.#touch(hostname, { kubelet: JSON.stringify(given) });
        this.#recordNode(hostname, { kubelet: given });
        return true;
      }
      case 'upgrade-first':
      case 'upgrade-control-plane':
      case 'upgrade-worker': {
        if (fails()) return false;
        const version = spec.config.kubernetesVersion;
        if (path !== 'upgrade-worker') this.#record({ kubernetesVersion: version });
        this.#touch(hostname, { version });
        this.#recordNode(hostname, { kubernetesVersion: version });
        return true;
      }
      default:
        return !fails();
    }
  }
}

/** What should be on the machines of a spec, in the same terms. */
export function wantedLive(spec: ClusterSpec): Map<string, LiveNode> {
  return new Map(
    spec.config.nodes.map((node) => [
      node.hostname,
      {
        version: spec.config.kubernetesVersion,
        kubelet: JSON.stringify(kubeletSettings(spec, node)),
        endpoint: endpointBackends(spec),
        metadata: metadataOfNode(spec, node),
      },
    ]),
  );
}

function metadataOfNode(spec: ClusterSpec, node: NodeSpec): string {
  return metadataOf({ ...spec, config: { ...spec.config, nodes: [node] } });
}
