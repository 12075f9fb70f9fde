import { endpointBackends } from '../../core/apiEndpoint.js';
import { baseOf, type ResolvedBlueprint } from '../../core/blueprints.js';
import type { ClusterSpec, NodeSpec } from '../../core/cluster.js';
import { kubeletSettings, type KubeletSettings } from '../../core/kubeletSettings.js';
import { compareMinors, minorOf } from '../../core/matrix.js';
import { nodeObject } from '../../machine/steps/node-metadata.js';

/** A node as the API server and its machine have it. */
export interface LiveNode {
  version: string;
  kubelet: KubeletSettings;
  endpoint: string;
  /** Labels, annotations and taints; empty: it has only what it registers with. */
  metadata: string;
  /** No pod comes there. */
  cordoned: boolean;
  /** The version of Calico that its agent runs; empty: there is no network yet. */
  agent: string;
}

/** What etcd holds, and with it a snapshot. */
export interface ClusterData {
  metadata: ReadonlyMap<string, string>;
  /** Whose objects there are; two names where a sync was cut off. */
  blueprint: string;
  /** The version of Calico in its manifest. */
  network: string;
  /** Where the network's workloads, and those of the blueprint, are to run. */
  networkPlaced: string;
  partsPlaced: string;
  /** Somebody has changed what a blueprint applied. */
  drifted: boolean;
}

/** What is on a machine: files of ours; a member of the cluster; what was one, and is known to nobody. */
type MachineState = 'claimed' | 'member' | 'gone';

const NOTHING: ClusterData = {
  ...{
    metadata: new Map(),
    blueprint: '',
    network: '',
    networkPlaced: '',
    partsPlaced: '',
    drifted: false,
  },
};

/** What is really on the machines and in the cluster, whatever the records say. */
export class LiveCluster {
  readonly nodes = new Map<string, LiveNode>();
  readonly machines = new Map<string, MachineState>();
  /** Machines that hold the images of the built-in parts. */
  readonly parts = new Set<string>();
  /** Which versions of Calico a machine holds the images of. */
  readonly calico = new Map<string, ReadonlySet<string>>();
  /** Day on which its control plane's certificates were made. */
  readonly certified = new Map<string, number>();
  data: ClusterData = NOTHING;
  /** What kubelets are given that join. */
  configMap = '';
  /** As kubeadm records it: that of the control plane that was upgraded last. */
  controlPlane = '';
  /** Which version each control plane's API server runs. */
  readonly apiServers = new Map<string, string>();

  claim(hostname: string): void {
    if (!this.machines.has(hostname)) this.machines.set(hostname, 'claimed');
  }

  /** A cluster that has nothing in common with one that there was before. */
  initialise(version: string, shared: string): void {
    // Of another authority: who joins this one is taken back by kubeadm-join first.
    for (const hostname of this.nodes.keys()) this.machines.set(hostname, 'claimed');
    this.nodes.clear();
    this.apiServers.clear();
    this.data = NOTHING;
    this.controlPlane = version;
    this.configMap = shared;
  }

  /** False: it has what an earlier life has left on it. */
  private join(hostname: string, node: Omit<LiveNode, 'metadata' | 'agent' | 'cordoned'>): boolean {
    if (this.machines.get(hostname) === 'gone') return false;
    if (!isOneMinor(this.controlPlane, node.version) || isOlder(this.controlPlane, node.version)) {
      throw new Error(`${hostname} joins ${this.controlPlane} at ${node.version}`);
    }
    this.machines.set(hostname, 'member');
    this.nodes.set(hostname, { ...node, metadata: '', agent: '', cordoned: false });
    return true;
  }

  /**
   * Its kubelet comes to any of them, and must be newer than none: https://kubernetes.io/releases/version-skew-policy/#kubelet
   * A control plane alone may join before the others are upgraded: of two members of etcd none is restarted.
   */
  joinAsWorker(...[hostname, node]: Parameters<LiveCluster['join']>): boolean {
    for (const [name, apiServer] of this.apiServers) {
      if (!isOlder(apiServer, node.version)) continue;
      throw new Error(`${hostname} joins at ${node.version} while ${name} runs ${apiServer}`);
    }
    return this.join(hostname, node);
  }

  joinAsControlPlane(...[hostname, node]: Parameters<LiveCluster['join']>): boolean {
    if (!this.join(hostname, node)) return false;
    this.apiServers.set(hostname, node.version);
    return true;
  }

  /** Its manifest. Agents follow when that has been waited for; one that runs must not lose what it runs by. */
  applyNetwork(version: string, placed: string): void {
    this.data = { ...this.data, network: version, networkPlaced: placed };
    for (const [hostname, { agent }] of this.nodes) {
      if (agent !== '' && agent !== version) this.#expectImages(hostname);
    }
  }

  rollOut(): void {
    for (const hostname of this.nodes.keys()) this.#runAgent(hostname);
  }

  /** Before there is a network, a node that has joined waits for it. */
  startAgent(hostname: string): void {
    if (this.data.network !== '' && this.nodes.get(hostname)?.agent === '')
      this.#runAgent(hostname);
  }

  #runAgent(hostname: string): void {
    this.#expectImages(hostname);
    this.touch(hostname, { agent: this.data.network });
  }

  /** Nobody fetches them for a node that lacks them: it never gets Ready. */
  #expectImages(hostname: string): void {
    const { network } = this.data;
    if (this.calico.get(hostname)?.has(network) === true) return;
    throw new Error(`${hostname} lacks the images of Calico ${network}`);
  }

  touch(hostname: string, set: Partial<LiveNode>): void {
    const known = this.nodes.get(hostname);
    if (known !== undefined) this.nodes.set(hostname, { ...known, ...set });
  }

  /** kubeadm, and then the kubelet: a minor at a time, and the control plane first. */
  upgradeControlPlane(hostname: string, version: string): void {
    if (!isOneMinor(this.controlPlane, version)) {
      throw new Error(`the control plane of ${this.controlPlane} becomes ${version}`);
    }
    this.controlPlane = version;
    this.apiServers.set(hostname, version);
  }

  upgradeKubelet(hostname: string, version: string): void {
    const from = this.nodes.get(hostname)?.version ?? version;
    if (!isOneMinor(from, version) || isOlder(this.controlPlane, version)) {
      throw new Error(`${hostname} of ${from} becomes ${version} under ${this.controlPlane}`);
    }
    this.touch(hostname, { version });
  }

  /** What kubeadm gives a kubelet of the ConfigMap. */
  giveShared(hostname: string): void {
    const known = this.nodes.get(hostname);
    if (known === undefined) return;
    this.touch(hostname, { kubelet: { ...known.kubelet, shared: this.configMap } });
  }

  /** Out of the cluster: its machine is as it was. */
  deleteNode(hostname: string): void {
    this.nodes.delete(hostname);
    this.apiServers.delete(hostname);
    if (this.machines.get(hostname) === 'member') this.machines.set(hostname, 'gone');
  }

  clean(hostname: string): void {
    this.nodes.delete(hostname);
    this.apiServers.delete(hostname);
    this.machines.delete(hostname);
    this.parts.delete(hostname);
    this.calico.delete(hostname);
    this.certified.delete(hostname);
  }

  snapshot(): ClusterData {
    const metadata = new Map([...this.nodes].map(([name, of]) => [name, of.metadata]));
    return { ...this.data, metadata };
  }

  /** Nodes that the snapshot does not know register anew. */
  restore(data: ClusterData): void {
    this.data = data;
    for (const name of this.nodes.keys()) {
      this.touch(name, { metadata: data.metadata.get(name) ?? '' });
    }
  }
}

function isOlder(a: string, b: string): boolean {
  return compareMinors(minorOf(a) ?? '', minorOf(b) ?? '') < 0;
}

function isOneMinor(from: string, to: string): boolean {
  const minor = (of: string): number => Number((minorOf(of) ?? '').split('.')[1]);
  return Math.abs(minor(to) - minor(from)) <= 1;
}

/** What `node-metadata` makes of a node: by the step itself, and not by what the plan compares. */
export function metadataOfNode(spec: ClusterSpec, node: NodeSpec): string {
  return JSON.stringify([nodeObject(node, spec), node.taints ?? []]);
}

export function placementOf(spec: ClusterSpec): string {
  return JSON.stringify(spec.systemComponentsPlacement ?? {});
}

export function blueprintName(spec: ClusterSpec, resolved: ResolvedBlueprint | undefined): string {
  return resolved === undefined
    ? spec.blueprint.name
    : `${resolved.name}@${resolved.version ?? 'newest'}`;
}

/** What should be there of a spec, in the same terms. */
export function wantedLive(spec: ClusterSpec, resolved: ResolvedBlueprint | undefined) {
  const nodes = spec.config.nodes.map((node): [string, LiveNode] => [
    node.hostname,
    {
      version: spec.config.kubernetesVersion,
      kubelet: kubeletSettings(spec, node),
      endpoint: endpointBackends(spec),
      metadata: metadataOfNode(spec, node),
      agent: spec.config.network.cni.version,
      cordoned: false,
    },
  ]);
  return {
    nodes: Object.fromEntries(nodes),
    data: {
      blueprint: blueprintName(spec, resolved),
      network: spec.config.network.cni.version,
      networkPlaced: placementOf(spec),
      partsPlaced: placementOf(spec),
    },
    needsParts: baseOf(spec, resolved) === 'default',
  };
}
