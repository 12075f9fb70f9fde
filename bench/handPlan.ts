import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Artifact } from '../core/artifacts.js';
import type { Cluster, NodeSpec } from '../core/cluster.js';
import { isControlPlane } from '../core/plan.js';
import type { StepName } from '../core/steps.js';
import type { Lab } from '../lab/lab.js';
import { openArtifactSource, type ArtifactSource } from '../machine/artifacts/source.js';
import { familyOf } from '../machine/families.js';
import type { MachineFacts } from '../machine/facts.js';
import { paramsFile } from '../machine/runner/request.js';
import { scriptText, stepModule } from '../machine/steps/registry.js';
import type { StepContext } from '../machine/steps/types.js';

/** What the operator reads from the output of `kubeadm-init` and types into the join. */
const CA_CERT_HASH = 'CA-CERT-HASH-GOES-HERE';
const PREPARE: readonly StepName[] = [
  'facts',
  'claim',
  'os-prepare',
  'packages',
  'container-runtime',
  'api-endpoint',
  'binaries',
  'images',
  'node-ready',
];
const OF_LEADER: readonly StepName[] = [
  'kubeconfig',
  'cni',
  'check-in',
  'node-metadata',
  'namespace-sync',
  'blueprint-sync',
  'blueprint-health',
];

export interface HandPlan {
  lab: Lab;
  cluster: Cluster;
  /** Facts as the product gathered them on the same machines a moment before. */
  facts: ReadonlyMap<string, MachineFacts>;
}

/**
 * Writes down in `folder` all that by-hand.sh runs: for each machine the texts that it pipes to a shell, the very
 * scripts and parameters of the product, and the list of the files to send.
 */
export async function writeHandPlan(folder: string, plan: HandPlan): Promise<void> {
  const { nodes } = plan.cluster.spec.config;
  const leader = nodes.find(isControlPlane);
  if (leader === undefined) throw new Error('no control plane');
  const source = await openArtifactSource(plan.lab.bundle);
  const workers = nodes.filter((node) => node !== leader);
  const rows = [leader, ...workers].map(
    ({ hostname, ssh }) => `${hostname} ${ssh?.username ?? 'root'} ${ssh?.ipAddress ?? ''}\n`,
  );
  await writeFile(join(folder, 'machines'), rows.join(''));
  await writeFile(join(folder, 'known_hosts'), knownHosts(nodes));
  for (const node of nodes) {
    const hand = { folder, plan, source, node };
    await mkdir(join(folder, node.hostname));
    await writeFile(join(folder, node.hostname, 'files'), await filesOf(hand, PREPARE));
    for (const step of PREPARE) await writeStep(hand, step);
  }
  const onLeader = { folder, plan, source, node: leader };
  const firstTokens = workers.map(({ hostname }, index) => ({
    hostname,
    token: `abcde${String(index)}.0123456789abcde${String(index)}`,
  }));
  await writeStep(onLeader, 'kubeadm-init', { firstTokens });
  for (const step of OF_LEADER) await writeStep(onLeader, step);
  for (const [index, node] of workers.entries()) {
    const join = { token: firstTokens[index]?.token ?? '', caCertHash: CA_CERT_HASH };
    await writeStep({ ...onLeader, node }, 'kubeadm-join', { join });
  }
}

interface Hand {
  folder: string;
  plan: HandPlan;
  source: ArtifactSource;
  node: NodeSpec;
}

type About = Pick<StepContext, 'join' | 'firstTokens'>;

async function writeStep(hand: Hand, step: StepName, about: About = {}): Promise<void> {
  const { folder, node, plan } = hand;
  const module = stepModule(step);
  const context = await contextOf(hand, step, about);
  const text = onMachine(step, contextId(plan), {
    params: paramsFile(module.params(context)),
    script: scriptText(module, familyOf(node.operatingSystem)),
  });
  await writeFile(join(folder, node.hostname, `${step}.sh`), text);
}

const contextId = ({ cluster }: HandPlan): string => `hand-${cluster.metadata.name}`;

async function contextOf(
  { plan, source, node }: Hand,
  step: StepName,
  about: About,
): Promise<StepContext> {
  const { metadata, spec } = plan.cluster;
  const facts = plan.facts.get(node.hostname);
  const context: StepContext = {
    cluster: { id: contextId(plan), name: metadata.name, project: metadata.project, generation: 1 },
    ...{ spec, node, catalog: source.catalog },
    ...(facts === undefined ? {} : { facts }),
    ...about,
    controlPlanes: spec.config.nodes
      .filter(isControlPlane)
      .map(({ hostname, privateIP }) => ({ hostname, privateIP })),
  };
  const names = stepModule(step).manifests?.(context) ?? [];
  const manifests: Record<string, string> = {};
  for (const name of names) manifests[name] = await source.manifest(name, spec);
  return { ...context, manifests };
}

/** Rows of `sha256 path`, each file once. */
async function filesOf(hand: Hand, steps: readonly StepName[]): Promise<string> {
  const files = new Map<string, Artifact>();
  for (const step of steps) {
    const context = await contextOf(hand, step, {});
    for (const file of stepModule(step).artifacts?.(context) ?? []) files.set(file.sha256, file);
  }
  const { bundle } = hand.plan.lab;
  return [...files.values()]
    .map(({ sha256, path }) => `${sha256} ${join(bundle, path)}\n`)
    .join('');
}

/** For `sudo -n bash -s`: what the runner gives a script, in as few lines as it can be had by hand. */
function onMachine(
  name: string,
  clusterId: string,
  of: { params: string; script: string },
): string {
  return `set -e; umask 077
export HOME=/root LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PLINTH_STATE=/var/lib/plinth PLINTH_ARTIFACTS=/var/lib/plinth/artifacts
export PLINTH_CLUSTER_ID=${clusterId} PLINTH_RUN_DIR=/run/plinth/${name}
mkdir -p "$PLINTH_RUN_DIR/results" "$PLINTH_ARTIFACTS"
cat >"$PLINTH_RUN_DIR/script" <<'PLINTH_END_OF_SCRIPT'
${of.params}
${of.script}
PLINTH_END_OF_SCRIPT
bash "$PLINTH_RUN_DIR/script" </dev/null
[ ! -s "$PLINTH_RUN_DIR/results/caCertHash" ] || { echo; cat "$PLINTH_RUN_DIR/results/caCertHash"; echo; }
`;
}

function knownHosts(nodes: readonly NodeSpec[]): string {
  return nodes.map(({ ssh }) => `${ssh?.ipAddress ?? ''} ${ssh?.hostKey ?? ''}\n`).join('');
}
