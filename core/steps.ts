/**
 * The steps of every operation, as lists that read as a table of contents.
 * A step of a node starts when the steps it `needs` on that node are done and its `gate` is open;
 * steps without `needs` follow the one before them. Only one script runs on a machine at a time.
 */

export type StepName =
  | 'facts'
  | 'claim'
  | 'artifacts'
  | 'os-prepare'
  | 'packages'
  | 'binaries'
  | 'container-runtime'
  | 'api-endpoint'
  | 'images'
  | 'kubeadm-init'
  | 'cni'
  | 'cni-rollout'
  | 'kubeadm-join-control-plane'
  | 'kubeadm-join'
  | 'kubeadm-undo'
  | 'join-credentials'
  | 'join-token'
  | 'kubeconfig'
  | 'kubeadm-binary'
  | 'etcd-snapshot'
  | 'kubeadm-upgrade'
  | 'upgrade-drain'
  | 'kubelet-restart'
  | 'kubelet-config-upload'
  | 'kubelet-config'
  | 'uncordon'
  | 'node-ready'
  | 'node-metadata'
  | 'check-in'
  | 'namespace-sync'
  | 'blueprint-sync'
  | 'blueprint-health'
  | 'blueprint-drift'
  | 'etcd-member-check'
  | 'drain'
  | 'etcd-member-remove'
  | 'snapshot-take'
  | 'cluster-keys'
  | 'kubernetes-stop'
  | 'etcd-restore'
  | 'control-plane-restore'
  | 'control-plane-reset'
  | 'node-rejoin'
  | 'node-prune'
  | 'system-restart'
  | 'certificates-renew'
  | 'static-pods-restart'
  | 'certificates-verify'
  | 'kubelet-certificates'
  | 'node-delete'
  | 'reset'
  | 'restore'
  | 'release';

/** What a node's step may wait for outside its own node. The operation opens gates by signal. */
export type Gate =
  /** The first control plane answers. */
  | 'api-up'
  /** It is this control plane's turn to join: one etcd membership change at a time. */
  | 'join-turn'
  /** It is this node's turn to be upgraded: control planes one by one, then workers, some at a time. */
  | 'upgrade-turn';

export interface StepDef {
  name: StepName;
  /** What people read: `==> [3/14] Initialise the control plane`. */
  title: string;
  /** Steps of the same node that must be done before; default: the one before in the list. */
  needs?: readonly StepName[];
  gate?: Gate;
  /** Run when a step fails or is stopped once this one has begun: takes back what must not stay half done. */
  undo?: StepName;
  /**
   * Run, in this order and up to the first that fails or finds nothing to take back, when the operation is cancelled while this step is at work: what
   * it had half done on the node is taken back. A step that failed by itself keeps what it left: `retry` goes on there.
   */
  undoWhenStopped?: readonly StepName[];
}

const facts: StepDef = { name: 'facts', title: 'Gather facts' };
const claim: StepDef = {
  name: 'claim',
  title: 'Claim the machine and record what was there',
  needs: [],
};
const nodeReady: StepDef = { name: 'node-ready', title: 'Wait for the node to be Ready' };

const cni: StepDef = { name: 'cni', title: 'Apply the network' };
const cniRollout: StepDef = {
  name: 'cni-rollout',
  title: "Wait for the network's agents on all nodes",
};

/** Before anything is changed anywhere: facts of all machines, then one preflight over all of them. */
export const preflightSteps: readonly StepDef[] = [facts];

/** From a bare machine to one that kubeadm can start on. Sending images overlaps with the rest. */
const prepareSteps: readonly StepDef[] = [
  claim,
  { name: 'artifacts', title: 'Send what the machine lacks', needs: ['claim'] },
  { name: 'os-prepare', title: 'Prepare the operating system', needs: ['claim'] },
  { name: 'packages', title: 'Install packages' },
  { name: 'container-runtime', title: 'Start the container runtime' },
  { name: 'api-endpoint', title: 'Start the API endpoint' },
  { name: 'binaries', title: 'Install kubeadm, kubelet and kubectl' },
  { name: 'images', title: 'Import images', needs: ['binaries', 'artifacts'] },
];

/** The first control plane. */
export const leaderSteps: readonly StepDef[] = [
  ...prepareSteps,
  {
    name: 'kubeadm-init',
    title: 'Initialise the control plane',
    undoWhenStopped: ['kubeadm-undo'],
  },
  cni,
  nodeReady,
];

/** Every further control plane, one at a time from its join on. */
export const controlPlaneSteps: readonly StepDef[] = [
  ...prepareSteps,
  {
    name: 'kubeadm-join-control-plane',
    title: 'Join the control plane',
    // No undo: a cancel lets it finish, and of one that is cut off otherwise the next attempt asks etcd before it decides.
    gate: 'join-turn',
  },
  nodeReady,
];

const kubeadmJoin: StepDef = {
  name: 'kubeadm-join',
  title: 'Join the cluster',
  gate: 'api-up',
  undoWhenStopped: ['kubeadm-undo', 'node-delete'],
};

/** Workers, in parallel. The initialisation makes the tokens that they join with. */
export const workerSteps: readonly StepDef[] = [...prepareSteps, kubeadmJoin, nodeReady];

/** Workers that come later: a control plane makes each one's token while its images are imported. */
export const addedWorkerSteps: readonly StepDef[] = [
  ...prepareSteps,
  { name: 'join-token', title: 'Make a token to join with', needs: ['binaries', 'artifacts'] },
  { ...kubeadmJoin, needs: ['images', 'join-token'] },
  nodeReady,
];

/** Everything large is there before anybody's turn comes: all of them send and import at once, and change one after another. */
export const prefetchSteps: readonly StepDef[] = [
  { name: 'artifacts', title: 'Send what the machine lacks', needs: [] },
  { name: 'kubeadm-binary', title: 'Install the new kubeadm' },
  { name: 'images', title: 'Import images' },
];

const kubeadmUpgrade: StepDef = {
  name: 'kubeadm-upgrade',
  title: "Upgrade the node's configuration and static pods",
};
const upgradeDrain: StepDef = {
  name: 'upgrade-drain',
  title: 'Drain the node',
  undo: 'uncordon',
};
const uncordon: StepDef = { name: 'uncordon', title: 'Let pods be scheduled again' };
const kubeletSteps: readonly StepDef[] = [
  { name: 'binaries', title: 'Install kubeadm, kubelet and kubectl' },
  { name: 'kubelet-restart', title: 'Start the new kubelet' },
  nodeReady,
  uncordon,
];

/** The control plane that takes the cluster as a whole to the new version. */
export const upgradeFirstSteps: readonly StepDef[] = [
  ...prefetchSteps,
  { name: 'etcd-snapshot', title: 'Take a snapshot of etcd', gate: 'upgrade-turn' },
  kubeadmUpgrade,
  upgradeDrain,
  ...kubeletSteps,
];

/** Every further control plane, one at a time. */
export const upgradeControlPlaneSteps: readonly StepDef[] = [
  ...prefetchSteps,
  { ...kubeadmUpgrade, gate: 'upgrade-turn' },
  upgradeDrain,
  ...kubeletSteps,
];

/** Workers, as many at a time as the spec allows. */
export const upgradeWorkerSteps: readonly StepDef[] = [
  ...prefetchSteps,
  { ...upgradeDrain, gate: 'upgrade-turn' },
  kubeadmUpgrade,
  ...kubeletSteps,
];

/** Other settings for a kubelet that runs: one node at a time, Ready before the next. */
export const kubeletSettingsSteps: readonly StepDef[] = [
  { name: 'kubelet-config', title: 'Give the kubelet its new settings', gate: 'upgrade-turn' },
  nodeReady,
];

/** Of a node that an operation has left as failed, and that nothing else is done to. */
export const settleSteps: readonly StepDef[] = [nodeReady, uncordon];

/** Through a control plane, once per operation, after the nodes. */
export const clusterSteps: readonly StepDef[] = [
  { name: 'check-in', title: 'Check in with the API server, revoke the join tokens' },
  { name: 'kubelet-config-upload', title: "Record the cluster's kubelet settings" },
  { name: 'node-metadata', title: 'Set labels, annotations and taints' },
  { name: 'system-restart', title: 'Start DNS and the service proxy again' },
  {
    name: 'kubelet-certificates',
    title: 'Check that the kubelets renew their own certificates',
  },
];

export const blueprintSteps: readonly StepDef[] = [
  // Only where the network's manifest has changed.
  cni,
  cniRollout,
  // Only where a sync was asked for.
  { name: 'blueprint-drift', title: 'Compare what is live with the blueprint' },
  { name: 'namespace-sync', title: "Create the blueprint's namespaces" },
  { name: 'blueprint-sync', title: "Apply the blueprint's manifests" },
  { name: 'blueprint-health', title: "Wait for the blueprint's workloads" },
];

/** On the first control plane whose etcd is healthy. */
export const snapshotSteps: readonly StepDef[] = [
  { name: 'snapshot-take', title: 'Take a snapshot of etcd' },
];

/** Through a healthy control plane, before a node that stays out is cleaned. */
export const leaveSteps: readonly StepDef[] = [
  // Once for all that leave; the others for each.
  { name: 'etcd-member-check', title: 'Check that etcd keeps its quorum' },
  { name: 'drain', title: 'Drain the node' },
  { name: 'etcd-member-remove', title: 'Take the etcd member out' },
  { name: 'node-delete', title: 'Delete the node object' },
];

const ETCD_STEPS: ReadonlySet<StepName> = new Set(['etcd-member-check', 'etcd-member-remove']);

/** Those of `leaveSteps` that a node goes through: etcd has nothing to do with a plain worker. */
export function leaveStepsOf(isPlainWorker: boolean): readonly StepDef[] {
  return isPlainWorker ? leaveSteps.filter(({ name }) => !ETCD_STEPS.has(name)) : leaveSteps;
}

/** On every control plane before any of them gets its data back: none may go on with what it has. */
export const restoreStopSteps: readonly StepDef[] = [
  claim,
  { name: 'kubernetes-stop', title: 'Stop the control plane' },
];

/** The control plane that gets the data of the snapshot; its machine may have lost everything. */
export const restoreLeaderSteps: readonly StepDef[] = [
  ...prepareSteps,
  { name: 'etcd-restore', title: "Put the snapshot's keys and data in place" },
  { name: 'control-plane-restore', title: 'Start the control plane on them' },
  // The snapshot's may be older than the one that the nodes have the images of.
  cni,
  { name: 'node-prune', title: 'Delete the nodes that are no more' },
  nodeReady,
];

/** The others join anew, one at a time. */
export const restoreControlPlaneSteps: readonly StepDef[] = [
  ...prepareSteps,
  { name: 'control-plane-reset', title: 'Put what it had aside' },
  ...controlPlaneSteps.slice(prepareSteps.length),
];

/** Workers stay as they are, with their pods, where the API server knows them. */
export const restoreWorkerSteps: readonly StepDef[] = [
  { name: 'node-rejoin', title: 'Have the node known to the API server' },
  nodeReady,
];

/** One control plane after another, so that the others answer meanwhile. */
export const renewSteps: readonly StepDef[] = [
  { name: 'certificates-renew', title: 'Renew the certificates' },
  { name: 'static-pods-restart', title: 'Have the control plane take them up' },
  { name: 'certificates-verify', title: 'Ask for the certificates that are served' },
  // And tells when the new ones end.
  nodeReady,
];

/** Leaves the machine as it was found. */
export const cleanSteps: readonly StepDef[] = [
  { name: 'reset', title: 'Stop and remove Kubernetes' },
  { name: 'restore', title: 'Restore what was there before' },
  { name: 'release', title: 'Release the machine' },
];

/** On every node, before anything that runs on it is changed to need them. */
const imagesSteps: readonly StepDef[] = [
  { name: 'artifacts', title: 'Send what the machine lacks', needs: [] },
  { name: 'images', title: 'Import images' },
];

/** What a node goes through in an operation: a key instead of the list itself, so that payloads stay small. */
export type NodePath =
  | 'leader'
  | 'control-plane'
  | 'worker'
  | 'added-worker'
  | 'upgrade-first'
  | 'upgrade-control-plane'
  | 'upgrade-worker'
  | 'prefetch'
  | 'endpoint'
  | 'blueprint-images'
  | 'network-images'
  | 'kubelet'
  | 'settle'
  | 'restore-stop'
  | 'restore-leader'
  | 'restore-control-plane'
  | 'restore-worker'
  | 'renew-certificates'
  | 'clean';

export const nodePaths: Readonly<Record<NodePath, readonly StepDef[]>> = {
  leader: leaderSteps,
  'control-plane': controlPlaneSteps,
  worker: workerSteps,
  'added-worker': addedWorkerSteps,
  'upgrade-first': upgradeFirstSteps,
  'upgrade-control-plane': upgradeControlPlaneSteps,
  'upgrade-worker': upgradeWorkerSteps,
  prefetch: prefetchSteps,
  endpoint: [{ name: 'api-endpoint', title: 'Point the API endpoint at the control planes' }],
  'blueprint-images': imagesSteps,
  'network-images': imagesSteps,
  kubelet: kubeletSettingsSteps,
  settle: settleSteps,
  'restore-stop': restoreStopSteps,
  'restore-leader': restoreLeaderSteps,
  'restore-control-plane': restoreControlPlaneSteps,
  'restore-worker': restoreWorkerSteps,
  'renew-certificates': renewSteps,
  clean: cleanSteps,
};

/** On which a machine becomes a node: what preflight looks at first. */
export const joiningPaths: ReadonlySet<NodePath> = new Set([
  'leader',
  'control-plane',
  'worker',
  'added-worker',
]);
