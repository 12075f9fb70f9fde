import type { ClusterRecord, NodeRecord, NodeStepRecord } from '../../core/records.js';
import type { StepFailure } from '../../core/errors.js';
import { plan } from '../../core/plan.js';
import { initialConditions, SuccessReason, withCondition } from '../../core/conditions.js';
import { nodePaths, preflightSteps, type StepDef, type StepName } from '../../core/steps.js';
import {
  CommonConditionStatus,
  ConditionStatus,
  ConditionType,
  NodeStatus,
  OperationName,
  OperationStatus,
  ProvisionStatus,
  TasksetStatus,
} from '../../core/words.js';
import type { Store } from '../../store/types.js';

/*
 * A provision as a worker would write it into the store, at any moment of it: what the console is shown in its tests and
 * screenshots. Durations are invented; the order is that of core/steps.ts.
 */

const SECONDS: Readonly<Partial<Record<StepName, number>>> = {
  ...{ facts: 1.4, claim: 2.7, artifacts: 21, 'os-prepare': 3.2, packages: 17 },
  ...{ 'container-runtime': 4.1, 'api-endpoint': 1.8, binaries: 6.4, images: 13 },
  ...{ 'kubeadm-init': 14.5, cni: 4.8, 'node-ready': 9, 'kubeadm-join': 8.2 },
  ...{ 'kubeadm-join-control-plane': 19, 'check-in': 2.1, 'node-metadata': 1.3 },
  ...{ 'namespace-sync': 1.1, 'blueprint-sync': 6.5, 'blueprint-health': 18 },
};

interface Timed {
  node: string;
  step: StepName;
  operation: number;
  /** Seconds since the taskset began. */
  from: number;
  to: number;
}

export interface StoryFailure {
  node: string;
  step: StepName;
  failure: Omit<StepFailure, 'node' | 'step'> & { message: string };
}

export interface Story {
  cluster: ClusterRecord;
  tasksetId: string;
  /** Seconds that all of it takes. */
  length: number;
  /** Writes what would be there `seconds` after the taskset began at `startedAt` (milliseconds). */
  writeAt(seconds: number): Promise<void>;
}

interface StoryOptions {
  tasksetId: string;
  startedAt: number;
  fails?: StoryFailure;
  /** How much longer a node takes than the others. */
  pace?: Readonly<Record<string, number>>;
}

/** Plans the creation of a cluster that was applied, begins its taskset, and gives the means to move it on. */
export async function beginStory(
  store: Store,
  cluster: ClusterRecord,
  { tasksetId, startedAt, fails, pace = {} }: StoryOptions,
): Promise<Story> {
  const { spec } = cluster.desired;
  const operations = plan(
    { initialised: false, created: false, nodes: [] },
    { spec, deleting: false },
  );
  await store.tasksets.begin({
    ...{ id: tasksetId, clusterId: cluster.id, generation: cluster.generation, retries: 0 },
    status: TasksetStatus.InProgress,
    comments: 'Configuration is being applied to the cluster',
    operations: operations.map(({ name, nodes }) => ({
      ...{ name, resourceName: cluster.name, status: OperationStatus.Pending },
      nodes: nodes.map(({ hostname }) => hostname),
      workflowId: `${name}/${cluster.project}/${cluster.name}/${tasksetId}`,
    })),
    plan: operations,
    spec,
  });
  const timed = schedule(operations, { fails, pace });
  const length = Math.max(...timed.map(({ to }) => to));
  for (const node of spec.config.nodes) {
    await store.nodes.upsert(cluster.id, node.hostname, {
      spec: node,
      status: NodeStatus.Pending,
      claimed: false,
      joined: false,
    });
  }
  const written = new Map<string, string>();
  return {
    ...{ cluster, tasksetId, length },
    async writeAt(seconds) {
      const moment = { store, cluster, tasksetId, startedAt, seconds, timed, fails, operations };
      await writeSteps(moment, written);
      await writeOperations(moment);
      await writeCluster(moment);
    },
  };
}

type Operations = ReturnType<typeof plan>;

function schedule(
  operations: Operations,
  { fails, pace }: { fails: StoryFailure | undefined; pace: Readonly<Record<string, number>> },
): Timed[] {
  const all: Timed[] = [];
  let begin = 0;
  operations.forEach(({ nodes, clusterSteps }, operation) => {
    const gates = new Map<string, number>();
    for (const { hostname, path } of nodes) {
      const ends = new Map<StepName, number>();
      let before = begin;
      let busy = begin;
      const steps: readonly StepDef[] = [...preflightSteps, ...nodePaths[path]];
      for (const step of steps) {
        const needed = (step.needs ?? []).map((name) => ends.get(name) ?? begin);
        const gate = step.gate === undefined ? 0 : (gates.get('api-up') ?? 0);
        // Files are sent beside the scripts; scripts run one at a time.
        const sends = step.name === 'artifacts';
        const from = Math.max(
          step.needs === undefined ? before : Math.max(begin, ...needed),
          gate,
          sends ? 0 : busy,
        );
        const to = from + (SECONDS[step.name] ?? 3) * (pace[hostname] ?? 1);
        if (!sends) busy = to;
        ends.set(step.name, to);
        before = to;
        all.push({ node: hostname, step: step.name, operation, from, to });
        if (path === 'leader' && step.name === 'cni') gates.set('api-up', to);
        if (fails?.node === hostname && fails.step === step.name) break;
      }
    }
    begin = Math.max(begin, ...all.map(({ to }) => to));
    if (fails !== undefined) return;
    const through = operations[0]?.nodes[0]?.hostname ?? '';
    for (const step of clusterSteps) {
      const to = begin + (SECONDS[step] ?? 2);
      all.push({ node: through, step, operation, from: begin, to });
      begin = to;
    }
  });
  return fails === undefined ? all : all.filter(({ operation }) => operation === 0);
}

interface Moment {
  store: Store;
  cluster: ClusterRecord;
  tasksetId: string;
  startedAt: number;
  seconds: number;
  timed: readonly Timed[];
  fails: StoryFailure | undefined;
  operations: Operations;
}

async function writeSteps(of: Moment, written: Map<string, string>): Promise<void> {
  const { store, cluster, tasksetId, startedAt, seconds, timed, fails, operations } = of;
  for (const { node, step, operation, from, to } of timed) {
    if (from > seconds) continue;
    const over = to <= seconds;
    const failed = over && fails?.node === node && fails.step === step;
    const record: NodeStepRecord = {
      ...{ tasksetId, operation: operations[operation]?.name ?? OperationName.ClusterCreation },
      ...{ operationIndex: operation, attempt: 1, startedAt: startedAt + from * 1000 },
      state: failed ? 'failed' : over ? 'done' : 'running',
      ...(over ? { endedAt: startedAt + to * 1000 } : {}),
      ...(failed ? { failure: { node, step, ...fails.failure } } : {}),
    };
    const text = JSON.stringify(record);
    if (written.get(`${node} ${step}`) === text) continue;
    written.set(`${node} ${step}`, text);
    await store.nodes.setStep(cluster.id, node, step, record);
  }
  for (const node of new Set(timed.map((one) => one.node))) {
    await store.nodes.upsert(cluster.id, node, nodeState(of, node));
  }
}

function nodeState(
  { timed, seconds, fails, cluster }: Moment,
  node: string,
): Partial<Omit<NodeRecord, 'clusterId' | 'hostname' | 'steps'>> {
  const own = timed.filter((one) => one.node === node);
  const ended = (step: StepName): boolean =>
    own.some((one) => one.step === step && one.to <= seconds);
  const began = own.some(({ from }) => from <= seconds);
  const failed = fails?.node === node && ended(fails.step);
  const ready = ended('node-ready');
  return {
    status: failed
      ? NodeStatus.Failed
      : ready
        ? NodeStatus.Ready
        : began
          ? NodeStatus.Provisioning
          : NodeStatus.Pending,
    claimed: ended('claim'),
    joined: ended('kubeadm-join') || ended('kubeadm-init'),
    ...(ended('facts') ? { facts: { cpus: 4, memoryBytes: 8_323_072_000 } } : {}),
    ...(ready ? { kubernetesVersion: cluster.desired.spec.config.kubernetesVersion } : {}),
    ...(failed ? { lastError: { node, step: fails.step, ...fails.failure } } : {}),
  };
}

async function writeOperations(of: Moment): Promise<void> {
  const { store, tasksetId, startedAt, seconds, timed, fails, operations } = of;
  for (const [index] of operations.entries()) {
    const own = timed.filter(({ operation }) => operation === index);
    const from = Math.min(...own.map((one) => one.from));
    const to = Math.max(...own.map((one) => one.to));
    if (own.length === 0 || from > seconds) continue;
    const over = to <= seconds;
    await store.tasksets.setOperation(tasksetId, index, {
      status: !over
        ? OperationStatus.InProgress
        : fails === undefined
          ? OperationStatus.Success
          : OperationStatus.Failed,
      startedAt: new Date(startedAt + from * 1000).toISOString(),
      ...(over ? { endedAt: new Date(startedAt + to * 1000).toISOString() } : {}),
      ...(over && fails !== undefined ? { errorSummary: reasonOf(fails) } : {}),
    });
  }
}

function reasonOf({ node, step, failure }: StoryFailure): string {
  return `node ${node}, step ${step}: ${failure.message}`;
}

async function writeCluster(of: Moment): Promise<void> {
  const { store, cluster, tasksetId, startedAt, seconds, timed, fails } = of;
  const length = Math.max(...timed.map(({ to }) => to));
  const over = seconds >= length;
  const reached = (step: StepName, operation: number): number =>
    Math.max(
      ...timed
        .filter((one) => one.step === step && one.operation === operation)
        .map(({ to }) => to),
      0,
    );
  const at = (second: number): string => new Date(startedAt + second * 1000).toISOString();
  let conditions = initialConditions(at(0));
  const set = (type: ConditionType, second: number, failed?: string): void => {
    if (second > seconds || second === 0) return;
    const status = failed === undefined ? ConditionStatus.True : ConditionStatus.False;
    conditions = withCondition(
      conditions,
      { type, status, reason: failed ?? SuccessReason[type] },
      at(second),
    );
  };
  set(ConditionType.Register, reached('facts', 0));
  set(ConditionType.CheckIn, reached('kubeadm-init', 0));
  const nodes = Math.max(...timed.filter((one) => one.operation === 0).map(({ to }) => to));
  set(ConditionType.NodeSync, nodes, fails && reasonOf(fails));
  set(ConditionType.NamespaceSync, reached('namespace-sync', 1));
  set(ConditionType.BlueprintSync, reached('blueprint-health', 1));
  set(ConditionType.Ready, length, fails && reasonOf(fails));
  await store.clusters.setConditions(cluster.id, conditions);
  await store.clusters.setProvisionStatus(
    cluster.id,
    over
      ? fails === undefined
        ? ProvisionStatus.Complete
        : ProvisionStatus.BootstrapFailed
      : ProvisionStatus.InfraInProgress,
  );
  if (!over) return;
  const [taskset] = await store.tasksets.latest(cluster.id, 1);
  await store.clusters.setCommonStatus(cluster.id, {
    conditionStatus: fails === undefined ? CommonConditionStatus.Ok : CommonConditionStatus.Failed,
    reason: fails === undefined ? 'clusterOperation is applied' : reasonOf(fails),
    sequence: taskset?.sequence ?? 1,
    generation: cluster.generation,
  });
  if (fails === undefined) {
    const { spec } = cluster.desired;
    const { kubernetesVersion } = spec.config;
    await store.clusters.setApplied(cluster.id, {
      created: true,
      initialised: true,
      spec,
      kubernetesVersion,
    });
  }
  await store.tasksets.end(
    tasksetId,
    fails === undefined ? TasksetStatus.Complete : TasksetStatus.Failed,
    fails === undefined ? 'Configuration is applied to the cluster successfully' : reasonOf(fails),
  );
}

/** What a join that cannot reach the API server leaves. */
export const JOIN_FAILURE: StoryFailure = {
  node: 'm3',
  step: 'kubeadm-join',
  failure: {
    message: 'the node could not reach the API server through its endpoint',
    command: 'kubeadm join --config /run/plinth/join.yaml',
    exitCode: 1,
    lastLines: [
      '[preflight] Running pre-flight checks',
      '[preflight] Reading configuration from the "kubeadm-config" ConfigMap in namespace "kube-system"...',
      'error execution phase preflight: couldn’t validate the identity of the API Server:',
      '  Get "https://127.0.0.1:7443/api/v1/namespaces/kube-public/configmaps/cluster-info":',
      '  dial tcp 10.77.0.11:6443: connect: no route to host',
      'To see the stack trace of this error execute with --v=5 or higher',
    ],
    hint: 'Let m3 reach port 6443 of 10.77.0.11 (a firewall between them?), then retry: it goes on at this step.',
  },
};
