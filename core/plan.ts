import type { AskedOperation } from './askedOperations.js';
import { byHostname } from './byHostname.js';
import type { BuiltInBlueprint, ResolvedBlueprint } from './blueprints.js';
import type { ClusterSpec, NodeSpec } from './cluster.js';
import type { KubeletSettings } from './kubeletSettings.js';
import { kubeletsAfterCreation, kubeletsAfterUpgrade, planKubelet } from './planKubelet.js';
import { planAsked, planBegunRestore } from './planAsked.js';
import { planBlueprint, planBlueprintChange } from './planBlueprint.js';
import { beforeNetwork, begunNetwork } from './planNetwork.js';
import { completed, joinsAfterUpgrade, namesOf, planAddition, planCreation } from './planJoin.js';
import { planDeletion, planRemoval } from './planRemoval.js';
import { planReplacement } from './planReplacement.js';
import { planSettle } from './planSettle.js';
import { planUpdate } from './planUpdate.js';
import { planUpgrade } from './planUpgrade.js';
import { quorumOf } from './quorum.js';
import type { NodePath, StepName } from './steps.js';
import { Role, type OperationName } from './words.js';

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
    const waiting = namesOf(later);
    const creation = planCreation(applied, desired.spec, waiting);
    // There would be nothing to do anything by.
    if (creation.length === 0) return removal;
    const upgrade = planUpgrade(completed(applied, desired.spec, waiting), desired);
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
  const waiting = namesOf(last);
  const isFirst = ({ hostname }: NodeSpec): boolean => !waiting.has(hostname);
  const first = [...kubelet, ...planAddition(applied, desired.spec, isFirst)].map((each) => ({
    ...each,
    ...(version === undefined ? {} : { kubernetesVersion: version }),
  }));
  const later = [...planUpgrade(completed(applied, desired.spec, waiting), desired), ...last];
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

function controlPlanesOf(spec: ClusterSpec): string[] {
  return spec.config.nodes
    .filter(isControlPlane)
    .map((node) => node.hostname)
    .toSorted();
}
