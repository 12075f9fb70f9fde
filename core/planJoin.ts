import { byHostname } from './byHostname.js';
import type { ClusterSpec, NodeSpec } from './cluster.js';
import {
  chooseLeader,
  isControlPlane,
  isMember,
  staying,
  type AppliedState,
  type OperationPlan,
} from './plan.js';
import { begunNetwork, runningCalico } from './planNetwork.js';
import type { NodePath } from './steps.js';
import { compareVersions } from './upgrade.js';
import { OperationName } from './words.js';

/** Empty: a cluster without a control plane cannot be created. */
export function planCreation(
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
export function completed(
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

function joinPath(node: NodeSpec, leader: string): NodePath {
  if (node.hostname === leader) return 'leader';
  return isControlPlane(node) ? 'control-plane' : 'worker';
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
export function joinsAfterUpgrade(applied: AppliedState, spec: ClusterSpec): OperationPlan[] {
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

export function namesOf(operations: readonly OperationPlan[]): ReadonlySet<string> {
  return new Set(operations.flatMap(({ nodes }) => nodes.map(({ hostname }) => hostname)));
}
