import { endpointBackends } from '../../core/apiEndpoint.js';
import { baseOf } from '../../core/blueprints.js';
import type { ClusterSpec, NodeSpec } from '../../core/cluster.js';
import { kubeletSettings, sharedKubelet } from '../../core/kubeletSettings.js';
import {
  isControlPlane,
  isMember,
  type AppliedState,
  type NodeTask,
  type OperationPlan,
} from '../../core/plan.js';
import { joiningPaths, type StepName } from '../../core/steps.js';
import { NodeStatus, OperationName } from '../../core/words.js';
import {
  blueprintName,
  LiveCluster,
  metadataOfNode,
  placementOf,
  type ClusterData,
} from './liveCluster.js';
import { RecordedCluster, type StepOf } from './recordedCluster.js';

/** Whether what is tried next fails. */
export type Weather = () => boolean;

/** How an operation ended: well, or so that those after it are tried all the same, or not. */
export type Outcome = 'done' | 'goes-on' | 'stops';

interface At extends StepOf {
  fails: Weather;
  deleting: boolean;
}

export const YEAR = 365;

/** Carries operations out as their workflows do: what is done is recorded by the activities' own code. */
export class OperationCarrier {
  readonly recorded = new RecordedCluster();
  readonly live = new LiveCluster();
  /** Machines that do not answer. */
  away: ReadonlySet<string> = new Set();
  day = 0;
  readonly snapshots = new Map<string, ClusterData & { version: string }>();
  /** What was asked for, and how many times it was done well. */
  readonly doneAsked = new Map<string, number>();
  /** The restore whose data is in place, and the one whose control plane was started on it. */
  #restored: string | undefined;
  #restarted: string | undefined;

  get applied(): AppliedState {
    return this.recorded.applied;
  }

  async carryOut(
    of: OperationPlan,
    whole: ClusterSpec,
    { fails, deleting = false }: { fails: Weather; deleting?: boolean },
  ): Promise<Outcome> {
    const { config } = whole;
    const { kubernetesVersion = config.kubernetesVersion } = of;
    const { cniVersion: version = config.network.cni.version } = of;
    const network = { ...config.network, cni: { ...config.network.cni, version } };
    const spec = { ...whole, config: { ...config, kubernetesVersion, network } };
    const outcome = await this.#carryOut({ operation: of, spec, fails, deleting });
    if (outcome !== 'done') return outcome;
    const { asked } = of;
    if (asked !== undefined) this.doneAsked.set(asked.id, (this.doneAsked.get(asked.id) ?? 0) + 1);
    await this.recorded.end({ operation: of, spec });
    return outcome;
  }

  async #carryOut(at: At): Promise<Outcome> {
    const { nodes, leave, clusterSteps, firstSteps = [], asked } = at.operation;
    switch (at.operation.name) {
      case OperationName.ClusterCreation:
      case OperationName.NodeAddition:
        return this.#joinNodes(at);
      case OperationName.NodeRemoval:
        for (const name of leave) if (!(await this.#leave(name, at))) return 'stops';
        return this.#cleanAll(at);
      case OperationName.ClusterDeletion:
        return this.#cleanAll(at);
      case OperationName.ClusterUpgrade:
        return this.#upgrade(at);
      case OperationName.ClusterRestore:
        return this.#restore(at);
      case OperationName.EtcdSnapshot:
        if (at.fails() || !this.#isReached()) return 'goes-on';
        this.snapshots.set(asked?.id ?? '', {
          ...{ ...this.live.snapshot(), version: this.live.controlPlane },
        });
        return 'done';
      case OperationName.CertificateRenewal:
        if (!(await this.#allNodes(nodes, at))) return 'goes-on';
        return (await this.#steps(clusterSteps, at)) ? 'done' : 'goes-on';
      case OperationName.NodeUpdate:
      case OperationName.BlueprintSync:
        if (!(await this.#steps(firstSteps, at))) return 'stops';
        if (!(await this.#allNodes(nodes, at))) return 'goes-on';
        return (await this.#steps(clusterSteps, at)) ? 'done' : 'stops';
    }
  }

  /** Some control plane answers that is to stay. */
  #isReached(except?: string): boolean {
    return this.applied.nodes.some(
      (node) =>
        isMember(node) &&
        isControlPlane(node.spec) &&
        node.hostname !== except &&
        !this.away.has(node.hostname) &&
        this.live.nodes.has(node.hostname),
    );
  }

  /** Nothing is changed before all of them answer. Then each on its own, and what is through a control plane all the same. */
  async #joinNodes(at: At): Promise<Outcome> {
    const { nodes, clusterSteps } = at.operation;
    if (at.fails() || nodes.some(({ hostname }) => this.away.has(hostname))) return 'stops';
    const isFirst = ({ path }: NodeTask): boolean => path === 'leader';
    let well = true;
    for (const task of [...nodes.filter(isFirst), ...nodes.filter((each) => !isFirst(each))]) {
      if (await this.#node(task, at)) continue;
      well = false;
      // Nobody joins a cluster that is not there.
      if (isFirst(task) && !this.applied.initialised) return 'stops';
    }
    if (!(await this.#steps(clusterSteps, at))) return 'stops';
    return well ? 'done' : 'goes-on';
  }

  /** Control planes first, and each only where those before it went well. */
  async #upgrade(at: At): Promise<Outcome> {
    const { nodes, clusterSteps } = at.operation;
    if (nodes.some(({ path }) => path === 'network-images') || clusterSteps.length > 0) {
      if (!(await this.#allNodes(nodes, at))) return 'stops';
      return (await this.#steps(clusterSteps, at)) ? 'done' : 'stops';
    }
    const on = (path: NodeTask['path']) => at.operation.nodes.filter((task) => task.path === path);
    for (const task of [...on('upgrade-first'), ...on('upgrade-control-plane')]) {
      if (!(await this.#node(task, at))) return 'stops';
    }
    for (const task of on('upgrade-worker')) if (!(await this.#node(task, at))) return 'goes-on';
    return 'done';
  }

  async #allNodes(nodes: readonly NodeTask[], at: At): Promise<boolean> {
    let well = true;
    for (const task of nodes) well = (await this.#node(task, at)) && well;
    return well;
  }

  async #leave(hostname: string, at: At): Promise<boolean> {
    const { operation, fails } = at;
    const isAway = this.away.has(hostname);
    if (!(isAway && operation.force === true) && fails()) return false;
    if (!this.#isReached(hostname) || this.#specOf(hostname, at.spec) === undefined) return false;
    if (!isAway) {
      await this.recorded.beforeCluster('drain', at, hostname);
      this.live.touch(hostname, { cordoned: true });
      // Taken back, where that does not fail as well. Asked to stop just after it, nothing may be able to.
      if (fails()) {
        await this.#uncordon(hostname, at);
        return false;
      }
    }
    await this.recorded.beforeCluster('node-delete', at, hostname);
    if (fails()) return false;
    this.live.deleteNode(hostname);
    return !fails();
  }

  async #cleanAll(at: At): Promise<Outcome> {
    const { operation, spec, fails, deleting } = at;
    let well = true;
    const clean: string[] = [];
    for (const { hostname } of operation.nodes) {
      if (this.away.has(hostname) && operation.force === true) {
        this.#orphan(hostname);
        continue;
      }
      const known = this.#specOf(hostname, spec);
      if (known !== undefined) await this.recorded.before('reset', known, at);
      if (this.away.has(hostname) || fails()) {
        well = false;
      } else {
        this.live.clean(hostname);
        if (known !== undefined) await this.recorded.after('release', known, at);
        clean.push(hostname);
      }
    }
    for (const hostname of clean) {
      // It is asked to stop when all of them have ended.
      if (fails()) return 'stops';
      const wanted = spec.config.nodes.find((node) => node.hostname === hostname);
      this.#forget(hostname, deleting ? undefined : wanted);
    }
    return well ? 'done' : 'goes-on';
  }

  /** As `forgetNode`. */
  #forget(hostname: string, wanted: NodeSpec | undefined): void {
    this.recorded.nodes.delete(hostname);
    if (wanted !== undefined) this.recorded.add(wanted);
  }

  /** As `orphanNode`. */
  #orphan(hostname: string): void {
    const known = this.recorded.nodes.get(hostname);
    if (known === undefined) return;
    this.recorded.nodes.set(hostname, {
      ...{ ...known, status: NodeStatus.Orphaned, claimed: true, joined: false, leaving: true },
      orphaned: { since: '', reason: 'it does not answer' },
    });
  }

  async #steps(steps: readonly StepName[], at: At): Promise<boolean> {
    for (const step of steps) if (!(await this.#clusterStep(step, at))) return false;
    return true;
  }

  async #clusterStep(step: StepName, at: At): Promise<boolean> {
    const { operation, spec, fails } = at;
    const { live } = this;
    if (!this.#isReached()) return false;
    if (this.recorded.isNetworkDone(step, at)) return true;
    await this.recorded.beforeCluster(step, at);
    switch (step) {
      case 'node-metadata':
        for (const node of spec.config.nodes) {
          if (fails()) return false;
          live.touch(node.hostname, { metadata: metadataOfNode(spec, node) });
        }
        return true;
      case 'kubelet-config-upload':
        if (fails()) return false;
        live.configMap = sharedKubelet(spec);
        this.recorded.set({ kubelet: sharedKubelet(spec) });
        return !fails();
      case 'cni':
        if (fails()) return false;
        live.applyNetwork(spec.config.network.cni.version, placementOf(spec));
        if (fails()) return false;
        await this.recorded.networkApplied(at);
        return true;
      case 'cni-rollout':
        if (fails()) return false;
        live.rollOut();
        await this.recorded.networkRolledOut(at);
        return true;
      case 'blueprint-sync': {
        const name = blueprintName(spec, operation.blueprint);
        live.data = {
          ...{ ...live.data, blueprint: `${live.data.blueprint} ${name}` },
          partsPlaced: placementOf(spec),
        };
        if (fails()) return false;
        live.data = { ...live.data, blueprint: name, drifted: false };
        return true;
      }
      default:
        return !fails();
    }
  }

  /** As `giveUp`: what fails on it is its own failure. */
  async #node(task: NodeTask, at: At): Promise<boolean> {
    const isWell = await this.#runPath(task, at);
    if (!isWell) this.recorded.setStatus(task.hostname, NodeStatus.Failed);
    return isWell;
  }

  async #runPath({ hostname, path }: NodeTask, at: At): Promise<boolean> {
    const { spec, fails } = at;
    const { live } = this;
    if (this.away.has(hostname) || fails()) return false;
    const wanted = this.#specOf(hostname, spec);
    // Of a taskset that was cut off: it has left meanwhile.
    if (wanted === undefined) return false;
    // Nothing but a join can be done to what is no node.
    if (!joiningPaths.has(path) && !live.nodes.has(hostname)) return false;
    switch (path) {
      case 'leader':
      case 'control-plane':
      case 'worker':
      case 'added-worker':
        return (await this.#prepare(wanted, at)) && this.#join(wanted, path, at);
      case 'endpoint':
        await this.#endpoint(wanted, at);
        return !fails();
      case 'blueprint-images':
      case 'network-images':
        await this.#images(wanted, at);
        return !fails();
      case 'kubelet':
        live.touch(hostname, { kubelet: { ...kubeletSettings(spec, wanted) } });
        live.giveShared(hostname);
        await this.recorded.after('kubelet-config', wanted, at);
        return this.#ready(wanted, at);
      case 'upgrade-first':
      case 'upgrade-control-plane':
      case 'upgrade-worker':
        await this.#images(wanted, at);
        if (fails()) return false;
        if (path !== 'upgrade-worker') {
          if (!this.#mayRestartEtcd(spec)) return false;
          live.upgradeControlPlane(hostname, spec.config.kubernetesVersion);
          live.certified.set(hostname, this.day);
        }
        live.giveShared(hostname);
        await this.recorded.after('kubeadm-upgrade', wanted, at);
        if (fails()) return false;
        await this.recorded.before('upgrade-drain', wanted, at);
        live.touch(hostname, { cordoned: true });
        if (fails()) {
          await this.#uncordon(hostname, at);
          return false;
        }
        live.upgradeKubelet(hostname, spec.config.kubernetesVersion);
        if (!(await this.#ready(wanted, at))) {
          await this.#uncordon(hostname, at);
          return false;
        }
        return this.#uncordon(hostname, at);
      case 'settle':
        return (await this.#ready(wanted, at)) && this.#uncordon(hostname, at);
      case 'renew-certificates':
        live.certified.set(hostname, this.day);
        return this.#ready(wanted, at);
      default:
        return !fails();
    }
  }

  async #uncordon(hostname: string, at: At): Promise<boolean> {
    const wanted = this.#specOf(hostname, at.spec);
    if (at.fails() || wanted === undefined) return false;
    this.live.touch(hostname, { cordoned: false });
    await this.recorded.after('uncordon', wanted, at);
    return true;
  }

  /** As `mayRestart`: of two that are to be more, none. A plan that comes to it though all went well is wrong. */
  #mayRestartEtcd({ config }: ClusterSpec): boolean {
    const members = [...this.live.nodes.keys()].filter((name) => this.#isControlPlane(name));
    const wanted = config.nodes.filter(isControlPlane).length;
    return !(members.length === 2 && wanted > 2);
  }

  #isControlPlane(hostname: string): boolean {
    const known = this.recorded.nodes.get(hostname);
    return known !== undefined && isControlPlane(known.spec);
  }

  /** Up to where kubeadm can start. */
  async #prepare(wanted: NodeSpec, at: At): Promise<boolean> {
    await this.#claim(wanted, at);
    if (at.fails()) return false;
    await this.#endpoint(wanted, at);
    await this.#images(wanted, at);
    return !at.fails();
  }

  async #claim(wanted: NodeSpec, at: At): Promise<void> {
    await this.recorded.before('claim', wanted, at);
    this.live.claim(wanted.hostname);
  }

  async #join(wanted: NodeSpec, path: NodeTask['path'], at: At): Promise<boolean> {
    const { hostname } = wanted;
    const { spec, fails } = at;
    const { live, recorded } = this;
    const isLeader = path === 'leader';
    if (!isLeader && !this.#isReached()) return false;
    const step = isLeader
      ? 'kubeadm-init'
      : isControlPlane(wanted)
        ? 'kubeadm-join-control-plane'
        : 'kubeadm-join';
    await recorded.before(step, wanted, at);
    if (fails()) return false;
    // A creation that goes on finds those that have joined.
    if (!live.nodes.has(hostname)) {
      const version = spec.config.kubernetesVersion;
      if (isLeader) live.initialise(version, sharedKubelet(spec));
      const kubelet = { ...kubeletSettings(spec, wanted), shared: live.configMap };
      const node = { version, kubelet, endpoint: endpointBackends(spec) };
      const joined = isControlPlane(wanted)
        ? live.joinAsControlPlane(hostname, node)
        : live.joinAsWorker(hostname, node);
      if (!joined) return false;
      if (isControlPlane(wanted)) live.certified.set(hostname, this.day);
      await recorded.after(step, wanted, at);
    }
    if (isLeader && !(await this.#network(wanted, at))) return false;
    live.startAgent(hostname);
    return this.#ready(wanted, at);
  }

  async #network(wanted: NodeSpec, at: At): Promise<boolean> {
    const { spec, fails } = at;
    if (fails()) return false;
    await this.recorded.before('cni', wanted, at);
    this.live.applyNetwork(spec.config.network.cni.version, placementOf(spec));
    if (fails()) return false;
    await this.recorded.networkApplied(at);
    return true;
  }

  async #ready(wanted: NodeSpec, at: At): Promise<boolean> {
    if (at.fails()) return false;
    const { hostname } = wanted;
    const version = this.live.nodes.get(hostname)?.version;
    const made = this.live.certified.get(hostname);
    const results = {
      ...(version === undefined ? {} : { kubeletVersion: version }),
      ...(made === undefined ? {} : { certificatesExpireAt: dayText(made + YEAR) }),
    };
    await this.recorded.after('node-ready', wanted, { ...at, results });
    return true;
  }

  async #endpoint(wanted: NodeSpec, at: At): Promise<void> {
    this.live.touch(wanted.hostname, { endpoint: endpointBackends(at.spec) });
    await this.recorded.after('api-endpoint', wanted, at);
  }

  async #images(wanted: NodeSpec, at: At): Promise<void> {
    const { operation, spec } = at;
    if (baseOf(spec, operation.blueprint) === 'default') this.live.parts.add(wanted.hostname);
    const { calico } = this.live;
    const held = calico.get(wanted.hostname) ?? [];
    calico.set(wanted.hostname, new Set([...held, spec.config.network.cni.version]));
    await this.recorded.after('images', wanted, at);
  }

  /** No machine is touched unless all of them answer; no control plane goes on before all of them are stopped. */
  async #restore(at: At): Promise<Outcome> {
    const { nodes, clusterSteps, asked } = at.operation;
    const on = (path: NodeTask['path']) => nodes.filter((task) => task.path === path);
    const [leader] = on('restore-leader');
    if (leader === undefined || at.fails()) return 'stops';
    if (nodes.some(({ hostname }) => this.away.has(hostname))) return 'stops';
    for (const { hostname } of [leader, ...on('restore-control-plane')]) {
      const wanted = this.#specOf(hostname, at.spec);
      if (wanted === undefined) return 'stops';
      await this.#claim(wanted, at);
      // As `beginRestore`.
      this.recorded.set({ restoring: { id: asked?.id ?? '', args: asked?.args ?? {} } });
      if (at.fails()) return 'stops';
    }
    if (!(await this.#restoreLeader(leader.hostname, at))) return 'stops';
    let well = true;
    for (const task of [...on('restore-control-plane'), ...on('restore-worker')]) {
      well = (await this.#restoreNode(task, at)) && well;
    }
    if (!(await this.#steps(clusterSteps, at))) return 'stops';
    return well ? 'done' : 'goes-on';
  }

  async #restoreLeader(hostname: string, at: At): Promise<boolean> {
    const { live } = this;
    const { asked } = at.operation;
    const wanted = this.#specOf(hostname, at.spec);
    if (wanted === undefined || !(await this.#prepare(wanted, at))) return false;
    const data = this.snapshots.get(asked?.args?.['snapshot'] ?? '');
    if (data === undefined) throw new Error('there is no such snapshot');
    // Each machine remembers what it has done of the restore, as long as the same one gets the data.
    const turn = `${asked?.id ?? ''} ${hostname}`;
    if (this.#restored !== turn) live.restore(data);
    this.#restored = turn;
    if (at.fails()) return false;
    if (this.#restarted !== turn) {
      this.#restarted = turn;
      // By kubeadm's initialisation, of the spec that is wanted by now.
      live.configMap = sharedKubelet(at.spec);
      live.touch(hostname, { kubelet: kubeletSettings(at.spec, wanted) });
      live.certified.set(hostname, this.day);
      await this.recorded.after('control-plane-restore', wanted, at);
    }
    return (await this.#network(wanted, at)) && this.#ready(wanted, at);
  }

  async #restoreNode({ hostname, path }: NodeTask, at: At): Promise<boolean> {
    if (at.fails()) return false;
    const wanted = this.#specOf(hostname, at.spec);
    if (wanted === undefined) return false;
    if (path === 'restore-worker') return this.#ready(wanted, at);
    if (!(await this.#prepare(wanted, at))) return false;
    const { live } = this;
    live.touch(hostname, { kubelet: kubeletSettings(at.spec, wanted), metadata: '', agent: '' });
    live.giveShared(hostname);
    live.certified.set(hostname, this.day);
    await this.recorded.after('kubeadm-join-control-plane', wanted, at);
    live.startAgent(hostname);
    return this.#ready(wanted, at);
  }

  /** As `nodeSpec`. */
  #specOf(hostname: string, { config }: ClusterSpec): NodeSpec | undefined {
    const is = (node: { hostname: string }): boolean => node.hostname === hostname;
    return config.nodes.find(is) ?? this.recorded.nodes.get(hostname)?.spec;
  }
}

/** RFC 3339. */
export function dayText(day: number): string {
  return new Date(day * 86_400_000).toISOString();
}
