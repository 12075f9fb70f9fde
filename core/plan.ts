import { endpointBackends } from './apiEndpoint.js';
import type { AskedOperation } from './askedOperations.js';
import { byHostname } from './byHostname.js';
import type { BuiltInBlueprint, ResolvedBlueprint } from './blueprints.js';
import type { ClusterSpec, NodeSpec } from './cluster.js';
import type { KubeletSettings } from './kubeletSettings.js';
import { kubeletsAfterCreation, kubeletsAfterUpgrade, planKubelet } from './planKubelet.js';
import { planAsked, planBegunRestore } from './planAsked.js';
import { planBlueprint, planBlueprintChange } from './planBlueprint.js';
import { beforeNetwork, begunNetwork, runningCalico } from './planNetwork.js';
import { planDeletion, planRemoval } from './planRemoval.js';
import { planReplacement } from './planReplacement.js';
import { planSettle } from './planSettle.js';
import { planUpgrade } from './planUpgrade.js';
import { quorumOf } from './quorum.js';
import { stableJson } from './stableJson.js';
import type { NodePath, StepName } from './steps.js';
import { compareVersions } from './upgrade.js';
import { OperationName, Role } from './words.js';

/** What the store knows to be on the machines. */
export interface AppliedState {
  initialised: boolean;
  created: boolean;
  spec?: ClusterSpec;
  blueprint?: { name: string; version?: string; base?: BuiltInBlueprint };
  /** What the control plane as a whole runs. */
  kubernetesVersion?: string;
  /** The version of Calico that it has been given; absent: that of what was applied last. `begun`: it is not known to run everywhere. */
  network?: { version: string; begun?: boolean };
  /** What kubeadm's ConfigMap gives to kubelets; absent: that of what was applied last. */
  kubelet?: string;
  /** Labels and the like were set by a spec that is not applied: those of none may be on the nodes. */
  metadataBegun?: boolean;
  /** The same of the blueprint's objects. */
  blueprintBegun?: boolean;
  /** Where the workloads of the blueprint and of the network go (`placementOf`); absent: as what was applied last says. */
  placement?: string;
  /** Why what was desired last could not be applied; empty or absent: it was. */
  failure?: string;
  /** A restore that is half done, as it was asked for. */
  restoring?: { id: string; args: Record<string, string> };
  nodes: readonly AppliedNode[];
}

export interface AppliedNode {
  hostname: string;
  /** Something of ours may be on the machine. */
  claimed: boolean;
  joined: boolean;
  /** It has begun to leave; wanted again, it leaves wholly and then joins anew. */
  leaving?: boolean;
  /** It was taken out while its machine did not answer: cleaned only where it is wanted again. */
  orphaned?: boolean;
  /** An operation has left it as failed, or half way: nobody knows whether it is Ready. Absent: none has. */
  failed?: boolean;
  /** A drain of ours may have left it without new pods. */
  cordoned?: boolean;
  /** It is, or was about to become, the first control plane. */
  leader: boolean;
  /** It has begun to become a control plane once, whatever its spec says now; absent: it has not. */
  wasControlPlane?: boolean;
  /** What its kubelet runs; absent: the cluster's own. */
  kubernetesVersion?: string;
  /** What its kubelet was given; absent: what was applied last. */
  kubelet?: KubeletSettings;
  /** Whose built-in parts' images its machine was given last; absent: those of the blueprint that was applied last. */
  parts?: BuiltInBlueprint;
  /** What its endpoint forwards to (`endpointBackends`); absent: what was applied last. */
  endpoint?: string;
  /** Of a control plane, the first of its certificates: RFC 3339. */
  certificatesExpireAt?: string;
  spec: NodeSpec;
}

export interface DesiredState {
  spec: ClusterSpec;
  deleting: boolean;
  /** Machines that do not answer are taken out all the same. */
  force?: boolean;
  /** Kubernetes versions that the artifacts hold; absent: any. */
  available?: readonly string[];
  /** What the spec's blueprint stands for now; absent: it is built in. */
  blueprint?: ResolvedBlueprint;
  /** A sync was asked for: its number. */
  sync?: number;
  /** Operations asked for beside the spec; absent: none. */
  asked?: readonly AskedOperation[];
}

/** One operation of a taskset: what happens to which node, and then to the cluster as a whole. */
export interface OperationPlan {
  name: OperationName;
  /** In words: why it is there. */
  reason: string;
  /** Done to these nodes; the order is that of waves where the operation has them. */
  nodes: NodeTask[];
  /** Nodes that leave: through a control plane, before they are cleaned. */
  leave: string[];
  /** Of them, those that etcd has nothing to do with; absent: none is known to be one. */
  plainWorkers?: string[];
  /** Of those that leave, machines that do not answer are given up, and listed as orphaned. */
  force?: true;
  /** Nodes that leave in an operation after this one: it does nothing unless they may. */
  leaveNext?: string[];
  /** Through a control plane, before the nodes; absent: none. */
  firstSteps?: StepName[];
  /** Through a control plane, after the nodes. */
  clusterSteps: StepName[];
  /** The Kubernetes version that its steps work with, where that is not the spec's. */
  kubernetesVersion?: string;
  /** The same of Calico. */
  cniVersion?: string;
  /** Nodes whose turn an upgrade lets be at once, control planes apart. */
  workersAtOnce?: number;
  /** What the spec's blueprint stands for, where it is not built in. */
  blueprint?: ResolvedBlueprint;
  /** It does the sync of this number. */
  sync?: number;
  /** It is none of the spec's, whatever its name: that it failed says nothing of whether the spec is applied. */
  aside?: true;
  /** What was asked for beside the spec: which, and with what. */
  asked?: { id: string; args?: Record<string, string> };
}

export interface NodeTask {
  hostname: string;
  path: NodePath;
  /** Nodes of a wave start when those of the waves before have ended; absent: the first wave. */
  wave?: number;
}

/**
 * What has to be done to turn what is applied into what is desired, in order. Pure and total: the plan of
 * an applied spec against itself is empty, and the order of nodes in a spec never matters.
 */
export function plan(applied: AppliedState, desired: DesiredState): OperationPlan[] {
  return withBlueprint(planOperations(applied, desired), desired.blueprint);
}

/** What is to come of the blueprint meanwhile is another taskset's. */
export function withBlueprint(
  operations: readonly OperationPlan[],
  blueprint: ResolvedBlueprint | undefined,
): OperationPlan[] {
  return operations.map((each) => (blueprint === undefined ? each : { ...each, blueprint }));
}

function planOperations(applied: AppliedState, desired: DesiredState): OperationPlan[] {
  if (desired.deleting) return planDeletion(applied, desired);
  const removal = planRemoval(applied, desired);
  if (!applied.created) {
    const later = joinsAfterUpgrade(applied, desired.spec);
    const creation = planCreation(applied, desired.spec, namesOf(later));
    // There would be nothing to do anything by.
    if (creation.length === 0) return removal;
    const upgrade = planUpgrade(completed(applied, desired.spec, namesOf(later)), desired);
    const created = kubeletsAfterCreation(applied, desired.spec);
    const all = [
      ...removal,
      ...begunNetwork(staying(applied, desired.spec)),
      ...creation,
      ...upgrade,
      ...planKubelet(kubeletsAfterUpgrade(created, upgrade), desired.spec),
      ...later,
      ...planSettle(applied, desired.spec, [...creation, ...upgrade, ...later]),
      planBlueprint(desired.spec, 'first sync'),
      // By then those that the spec does not have are gone.
      ...planAsked(staying(applied, desired.spec), desired),
    ];
    return beforeNetwork(all, applied, desired.spec);
  }
  const asked = [...planBegunRestore(applied, desired), ...planAsked(applied, desired)];
  const others = inOrder(applied, desired, removal);
  const settle = planSettle(applied, desired.spec, [...asked, ...others]);
  const all = [...asked, ...others, ...settle, ...planBlueprintChange(applied, desired)];
  return beforeNetwork(all, applied, desired.spec);
}

function inOrder(
  applied: AppliedState,
  desired: DesiredState,
  removal: OperationPlan[],
): OperationPlan[] {
  // A node joins at the version that the control plane has by then.
  const upgrade = planUpgrade(applied, desired);
  const addition = planAddition(applied, desired.spec);
  const update = planUpdate(applied, desired.spec);
  // Those that join after it get what it has uploaded. At the version that the nodes have by then.
  const kubelet = planKubelet(kubeletsAfterUpgrade(applied, upgrade), desired.spec);
  const wanted = new Set(controlPlanesOf(desired.spec));
  const members = applied.nodes.filter((node) => isMember(node) && isControlPlane(node.spec));
  const staying = members.filter(({ hostname }) => wanted.has(hostname));
  const replaced =
    staying.length === 0 ? undefined : planReplacement(applied, desired, { removal, upgrade });
  const grown = replaced ?? [...upgrade, ...kubelet, ...addition];
  if (staying.length === members.length) return [...removal, ...grown, ...update];
  // No endpoint may ask a control plane that is being taken away; one that is to come is asked last.
  const leaveNext = removal.flatMap(({ leave }) => leave);
  const turned = update.map((each) => ({ ...each, leaveNext }));
  const isEnough = staying.length >= quorumOf(wanted.size);
  // Of those that do not answer etcd has to be rid first; nor can a machine join that is a node by another name.
  const leaveFirst = desired.force === true || reusesMachine(applied, desired.spec);
  if (staying.length > 0 && (isEnough || leaveFirst)) return [...turned, ...removal, ...grown];
  // One that had begun to leave and is wanted again leaves before it joins anew, and not after.
  const again = planRemoval(applied, desired, 'wanted');
  const dropped = planRemoval(applied, desired, 'dropped');
  // Too few members of etcd would stay, or none: those that take their place join before, at the version that runs.
  const { kubernetesVersion: version } = applied;
  const last = joinsAfterUpgrade(applied, desired.spec);
  const isFirst = ({ hostname }: NodeSpec): boolean => !namesOf(last).has(hostname);
  const first = [...kubelet, ...planAddition(applied, desired.spec, isFirst)].map((each) => ({
    ...each,
    ...(version === undefined ? {} : { kubernetesVersion: version }),
  }));
  const later = [...planUpgrade(completed(applied, desired.spec, namesOf(last)), desired), ...last];
  const leaving = dropped.flatMap(({ leave }) => leave);
  const away = turned.map((each) => ({ ...each, leaveNext: leaving }));
  return [...begunNetwork(applied), ...again, ...first, ...away, ...dropped, ...later];
}

/** A node that is to join is a machine that leaves, under another name. */
function reusesMachine(applied: AppliedState, spec: ClusterSpec): boolean {
  const names = new Set(spec.config.nodes.map(({ hostname }) => hostname));
  const known = new Set(applied.nodes.map(({ hostname }) => hostname));
  const leaving = applied.nodes.filter(({ hostname }) => !names.has(hostname));
  const addresses = new Set(leaving.map((node) => node.spec.privateIP));
  return spec.config.nodes.some(
    ({ hostname, privateIP }) => !known.has(hostname) && addresses.has(privateIP),
  );
}

export function staying(applied: AppliedState, spec: ClusterSpec): AppliedState {
  const wanted = new Set(spec.config.nodes.map(({ hostname }) => hostname));
  return { ...applied, nodes: applied.nodes.filter(({ hostname }) => wanted.has(hostname)) };
}

/** Joined, and to stay. */
export function isMember(node: AppliedNode | undefined): boolean {
  return node?.joined === true && node.leaving !== true;
}

export function isControlPlane(node: Pick<NodeSpec, 'roles'>): boolean {
  return node.roles.includes(Role.ControlPlane);
}

/** The node that initialises, or did: stable over retries and over the order of nodes. Undefined: the spec has no control plane. */
export function chooseLeader(applied: AppliedState, spec: ClusterSpec): string | undefined {
  const candidates = spec.config.nodes.filter(isControlPlane).toSorted(byHostname);
  const known = new Map(applied.nodes.map((node) => [node.hostname, node]));
  const joined = candidates.filter((node) => isMember(known.get(node.hostname)));
  const leader =
    joined.find((node) => known.get(node.hostname)?.leader) ??
    joined[0] ??
    candidates.find((node) => known.get(node.hostname)?.leader) ??
    candidates[0];
  return leader?.hostname;
}

function joinPath(node: NodeSpec, leader: string): NodePath {
  if (node.hostname === leader) return 'leader';
  return isControlPlane(node) ? 'control-plane' : 'worker';
}

/** Empty: a cluster without a control plane cannot be created. */
function planCreation(
  applied: AppliedState,
  spec: ClusterSpec,
  except: ReadonlySet<string>,
): OperationPlan[] {
  const leader = chooseLeader(applied, spec);
  if (leader === undefined) return [];
  return [
    {
      name: OperationName.ClusterCreation,
      reason: applied.initialised
        ? 'the creation is not complete'
        : 'the cluster does not exist yet',
      nodes: spec.config.nodes
        .filter(({ hostname }) => !except.has(hostname))
        .toSorted(byHostname)
        .map((node) => ({ hostname: node.hostname, path: joinPath(node, leader) })),
      leave: [],
      clusterSteps: ['check-in', 'node-metadata'],
      // What was begun with one version is ended with it.
      ...(applied.initialised && applied.kubernetesVersion !== undefined
        ? { kubernetesVersion: applied.kubernetesVersion }
        : {}),
    },
  ];
}

/** As it will be when its creation has ended, and all have joined but these. */
function completed(
  applied: AppliedState,
  spec: ClusterSpec,
  except: ReadonlySet<string>,
): AppliedState {
  const version = applied.initialised ? applied.kubernetesVersion : spec.config.kubernetesVersion;
  const joining = spec.config.nodes.filter(({ hostname }) => !except.has(hostname));
  return {
    ...applied,
    ...(version === undefined ? {} : { kubernetesVersion: version }),
    network: {
      version: runningCalico(applied) ?? spec.config.network.cni.version,
      // What has begun comes to its end before, where there is a control plane to do it by.
      begun:
        !applied.created &&
        applied.network?.begun === true &&
        begunNetwork(staying(applied, spec)).length === 0,
    },
    nodes: joining.map((node) => {
      const now = applied.nodes.find(({ hostname }) => hostname === node.hostname);
      // One whose upgrade an earlier attempt has not come to is still older; one that joins is not.
      const has = isMember(now) ? now?.kubernetesVersion : version;
      return {
        hostname: node.hostname,
        ...{ claimed: true, joined: true, leader: false, spec: node },
        ...(has === undefined ? {} : { kubernetesVersion: has }),
      };
    }),
  };
}

/** Of nodes that have not joined, all or those of one kind. */
export function planAddition(
  applied: AppliedState,
  spec: ClusterSpec,
  which: (node: NodeSpec) => boolean = () => true,
): OperationPlan[] {
  const joined = new Set(applied.nodes.filter(isMember).map((n) => n.hostname));
  const added = spec.config.nodes
    .filter((node) => !joined.has(node.hostname) && which(node))
    .toSorted(byHostname);
  if (added.length === 0) return [];
  return [
    {
      name: OperationName.NodeAddition,
      reason: `not joined yet: ${added.map((node) => node.hostname).join(', ')}`,
      nodes: added.map((node) => ({
        hostname: node.hostname,
        path: isControlPlane(node) ? 'control-plane' : 'added-worker',
      })),
      leave: [],
      clusterSteps: ['check-in', 'node-metadata'],
    },
  ];
}

/**
 * Workers that have not joined while an upgrade has come to some control planes only: those are upgraded first, as a kubelet
 * must be newer than no API server. https://kubernetes.io/releases/version-skew-policy/#kubelet
 */
function joinsAfterUpgrade(applied: AppliedState, spec: ClusterSpec): OperationPlan[] {
  const { kubernetesVersion: newest } = applied;
  const known = applied.spec?.config.kubernetesVersion ?? newest;
  const isBehind = applied.nodes.some(
    (node) =>
      isMember(node) &&
      isControlPlane(node.spec) &&
      compareVersions(node.kubernetesVersion ?? known ?? '', newest ?? '') < 0,
  );
  return isBehind ? planAddition(applied, spec, (node) => !isControlPlane(node)) : [];
}

function namesOf(operations: readonly OperationPlan[]): ReadonlySet<string> {
  return new Set(operations.flatMap(({ nodes }) => nodes.map(({ hostname }) => hostname)));
}

/** What node-metadata sets: a change of it on any node is a NodeUpdate. */
export function metadataOf(spec: ClusterSpec): string {
  return stableJson(
    spec.config.nodes
      .toSorted(byHostname)
      .map(({ hostname, labels, annotations, taints, roles }) => ({
        hostname,
        labels: labels ?? {},
        annotations: annotations ?? {},
        taints: taints ?? [],
        roles: roles.toSorted(),
        location: spec.config.location ?? '',
      })),
  );
}

function controlPlanesOf(spec: ClusterSpec): string[] {
  return spec.config.nodes
    .filter(isControlPlane)
    .map((node) => node.hostname)
    .toSorted();
}

function planUpdate(applied: AppliedState, spec: ClusterSpec): OperationPlan[] {
  const before = applied.spec;
  if (before === undefined) return [];
  const was = new Set(before.config.nodes.map((node) => node.hostname));
  const kept = spec.config.nodes.filter((node) => was.has(node.hostname)).toSorted(byHostname);
  const turned = staleEndpoints(applied, before, spec);
  const endpointMoved = turned.length > 0;
  const keptNow = new Set(kept.map((node) => node.hostname));
  const restrict = (of: ClusterSpec): ClusterSpec => ({
    ...of,
    config: { ...of.config, nodes: of.config.nodes.filter((node) => keptNow.has(node.hostname)) },
  });
  const metadataMoved =
    applied.metadataBegun === true ||
    joinedSince(applied, spec, was) ||
    metadataOf(restrict(before)) !== metadataOf(restrict(spec));
  if (!endpointMoved && !metadataMoved) return [];
  const reasons = [
    ...(endpointMoved ? ['the control planes changed'] : []),
    ...(metadataMoved ? ['labels, annotations, taints or roles changed'] : []),
  ];
  return [
    {
      name: OperationName.NodeUpdate,
      reason: reasons.join('; '),
      nodes: turned.map((hostname) => ({ hostname, path: 'endpoint' })),
      leave: [],
      clusterSteps: metadataMoved ? ['node-metadata'] : [],
    },
  ];
}

/** Nodes have joined in a taskset that did not end well: nobody knows whether theirs was set. */
function joinedSince(applied: AppliedState, spec: ClusterSpec, was: ReadonlySet<string>): boolean {
  const wanted = new Set(spec.config.nodes.map((node) => node.hostname));
  return applied.nodes.some(
    (node) => isMember(node) && wanted.has(node.hostname) && !was.has(node.hostname),
  );
}

/** Nodes that stay, and whose endpoint forwards to other control planes than those of the spec. */
function staleEndpoints(applied: AppliedState, before: ClusterSpec, spec: ClusterSpec): string[] {
  const backends = endpointBackends(spec);
  // Behind a load balancer of somebody else's there is nothing of ours to turn.
  if (backends === '') return [];
  const wanted = new Set(spec.config.nodes.map((node) => node.hostname));
  return applied.nodes
    .filter((node) => isMember(node) && wanted.has(node.hostname))
    .filter(({ endpoint }) => (endpoint ?? endpointBackends(before)) !== backends)
    .map(({ hostname }) => hostname)
    .toSorted();
}
