import type { Cluster, NodeSpec } from '../../core/cluster.js';
import { AppError, ErrorCode, type Problem } from '../../core/errors.js';
import type { ClusterRecord } from '../../core/records.js';
import { comesByInstaller, withRegistrations, type Registration } from '../../core/registration.js';
import { sshEndpoint } from '../../core/sshEndpoint.js';
import { parseCluster } from '../../core/spec/parseCluster.js';
import { parseYaml } from '../../core/spec/yamlText.js';
import { NodeStatus } from '../../core/words.js';
import { clusterSecrets } from '../clusterSecrets.js';
import type { ApiDeps } from '../deps.js';
import { hostKeyToPin } from './hostKey.js';
import { platformKey } from './platformKey.js';

/** Who stands in the record as the one that approved. */
const BY_SPEC = 'autoApproveNodes';

/**
 * Records a machine under the node of its hostname: how to log in, its host key as the pinned one. The same
 * machine may come again. Nothing is written unless the cluster waits for a machine of this name and can use it.
 * @throws AppError Conflict in words for the person at the machine.
 */
export async function registerMachine(
  deps: ApiDeps,
  cluster: ClusterRecord,
  machine: Omit<Registration, 'registeredAt' | 'approvedAt' | 'approvedBy'>,
): Promise<Registration> {
  const { store } = deps;
  const { spec } = cluster.desired;
  const node = waitingNode(cluster, machine.hostname);
  const pin = hostKeyToPin(machine.hostKeys);
  if (pin === undefined) throw conflict(`${machine.hostname} has no host key that can be used`);
  const known = await store.registrations.get(cluster.id, node.hostname);
  const same = known?.hostKeys.some((key) => machine.hostKeys.includes(key)) === true;
  const claimed = (await store.nodes.get(cluster.id, node.hostname))?.claimed === true;
  if (known !== undefined && !same && claimed) {
    throw conflict(`another machine is ${node.hostname} already: take it out of the cluster first`);
  }
  const approval = same ? approvalOf(known) : {};
  const autoApproval =
    spec.config.autoApproveNodes === true
      ? { approvedAt: new Date().toISOString(), approvedBy: BY_SPEC }
      : {};
  const registration: Registration = {
    ...machine,
    hostname: node.hostname,
    registeredAt: new Date().toISOString(),
    ...autoApproval,
    ...approval,
  };
  await refuseUnusable(deps, cluster, registration);
  // The login and the pin before the registration: work may begin on that at once.
  const { privateKey } = await platformKey(deps);
  await clusterSecrets(deps, cluster).keep(new Map([[node.hostname, { privateKey }]]));
  if (!same) await store.hostKeys.remove(cluster.id, node.hostname);
  await store.hostKeys.pin({
    ...{ clusterId: cluster.id, hostname: node.hostname, source: 'registration' },
    ...pin,
  });
  await store.registrations.put(cluster.id, registration);
  if (!claimed) await showNode(deps, cluster, registration);
  return registration;
}

function approvalOf(known: Registration | undefined): Partial<Registration> {
  if (known?.approvedAt === undefined) return {};
  const { approvedAt, approvedBy } = known;
  return { approvedAt, ...(approvedBy === undefined ? {} : { approvedBy }) };
}

/** The node of this name, or of its first label: a machine may know its domain. */
function waitingNode({ desired: { spec }, name }: ClusterRecord, hostname: string): NodeSpec {
  const coming = spec.config.nodes.filter((node) => comesByInstaller(spec, node));
  const short = hostname.split('.')[0];
  const node =
    coming.find((each) => each.hostname === hostname) ??
    coming.find((each) => each.hostname === short);
  if (node !== undefined) return node;
  const names = coming.map((each) => each.hostname).slice(0, 20);
  throw conflict(
    names.length === 0
      ? `no node of cluster ${name} comes by the installer command: each has a key in the spec`
      : `cluster ${name} has no node ${hostname} that comes by the installer command; run it with --hostname and one of: ${names.join(', ')}`,
  );
}

/** What the spec could not have said of it either (its address, its system), or a machine that another cluster has. */
async function refuseUnusable(
  deps: ApiDeps,
  { id, project, name, desired }: ClusterRecord,
  registration: Registration,
): Promise<void> {
  const others = (await deps.store.registrations.list(id)).filter(
    (each) => each.hostname !== registration.hostname,
  );
  const spec = withRegistrations(desired.spec, [...others, registration]);
  const index = spec.config.nodes.findIndex((node) => node.hostname === registration.hostname);
  const problems = ownProblems(deps, { ...desired, spec }, index);
  const node = spec.config.nodes[index];
  const endpoints = node === undefined ? [] : [sshEndpoint({}, node)];
  const holders = await deps.store.clusters.findByAddress(endpoints, { project, name });
  if (holders.length > 0) problems.push({ path: '', message: 'another cluster has this machine' });
  if (problems.length === 0) return;
  throw conflict(
    `${registration.hostname} cannot be used: ${problems.map(({ message }) => message).join('; ')}`,
  );
}

function ownProblems(
  { config }: ApiDeps,
  cluster: Pick<Cluster, 'metadata' | 'spec'>,
  index: number,
): Problem[] {
  const { blueprint } = cluster.spec;
  const versions = blueprint.version === undefined ? [] : [blueprint.version];
  const parsed = parseCluster(cluster, {
    project: cluster.metadata.project,
    // What the spec names was there when it was applied; only what is the machine's own is asked here.
    blueprints: new Map([...config.blueprints, blueprint.name].map((name) => [name, versions])),
    credentials: new Set(),
    parseYaml,
  });
  if (parsed.ok) return [];
  const own = `spec.config.nodes[${index}].`;
  const paths = new Set(
    ['privateIP', 'ssh.ipAddress', 'operatingSystem', 'arch'].map((field) => own + field),
  );
  // Where two nodes have one address, the problem stands at the later one: it is ours all the same.
  return parsed.problems.filter(
    ({ path, message }) => paths.has(path) || message.includes(`taken already, by ${own}`),
  );
}

async function showNode(
  { store }: ApiDeps,
  { id, desired }: ClusterRecord,
  registration: Registration,
): Promise<void> {
  const spec = withRegistrations(desired.spec, [registration]).config.nodes.find(
    (node) => node.hostname === registration.hostname,
  );
  if (spec === undefined) return;
  const status = registration.approvedAt === undefined ? 'Discovered' : 'Approved';
  await store.nodes.upsert(id, registration.hostname, { spec, status: NodeStatus[status] });
}

function conflict(message: string): AppError {
  return new AppError(ErrorCode.Conflict, message);
}
