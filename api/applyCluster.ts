import { isBuiltIn } from '../core/blueprints.js';
import type { Cluster, ClusterSpec } from '../core/cluster.js';
import { changedPaths, pathsText } from '../core/changedPaths.js';
import { credentialNames } from '../core/credentialNames.js';
import { AppError, ErrorCode, type Problem } from '../core/errors.js';
import { isControlPlane } from '../core/plan.js';
import type { ClusterRecord } from '../core/records.js';
import type { RequestOrigin } from '../core/requestOrigin.js';
import { withRegistrations } from '../core/registration.js';
import { sshEndpoint } from '../core/sshEndpoint.js';
import type { NodeLogin } from '../core/sshSecrets.js';
import {
  immutableFromSubmit,
  immutableProblems,
  versionProblems,
} from '../core/spec/immutableProblems.js';
import { parseCluster, type ParsedCluster } from '../core/spec/parseCluster.js';
import { withoutNulls } from '../core/spec/withoutNulls.js';
import { parseYaml } from '../core/spec/yamlText.js';
import { PROXY_AUTH_SECRET } from '../core/specSecrets.js';
import { stableJson } from '../core/stableJson.js';
import { checkPrecondition } from '../store/precondition.js';
import type { Precondition } from '../store/precondition.js';
import { mayEnter, type Principal } from './auth/principal.js';
import { missingArtifacts } from './missingArtifacts.js';
import { blueprintWords } from './blueprintWords.js';
import { certificateProblem } from './certificateProblem.js';
import { clusterSecrets } from './clusterSecrets.js';
import type { ApiDeps } from './deps.js';
import { machinesOfBody, type MachineOfBody } from './machinesOfBody.js';
import { keepProxySecret, resolveProxySecret, type ProxySecret } from './proxySecret.js';
import { sharingProjects } from './sharingProjects.js';
import { resolveSshKeys, type SshKeys } from './sshKeys.js';

export interface ApplyRequest {
  project: string;
  principal: Principal;
  /** The body as it was parsed from JSON or YAML. */
  raw: unknown;
  precondition?: Precondition;
  /** Machines that do not answer are taken out; an even number of control planes is let be. */
  force?: boolean;
  by?: RequestOrigin;
}

export interface Applied {
  record: ClusterRecord;
  created: boolean;
  changed: boolean;
  /** What is another than before, in paths: never a value. */
  summary: string;
}

/** A Cluster as it was checked: nothing is written yet. */
export interface CheckedCluster {
  /** Empty where the body gives none. */
  name: string;
  parsed: ParsedCluster;
  existing: ClusterRecord | undefined;
  /** Of the document, the keys and the machines, and what cannot change any more. */
  problems: Problem[];
  ssh: SshKeys;
  proxy: ProxySecret;
  /** Of the write-only fields, as the record keeps it. */
  secretsHash: string;
}

/**
 * Checks a Cluster as an apply does, and changes nothing: what is wrong is in `problems`.
 * @throws AppError Conflict while the cluster is being deleted, and where the precondition does not hold.
 */
export async function checkCluster(deps: ApiDeps, request: ApplyRequest): Promise<CheckedCluster> {
  const { project } = request;
  const raw = withoutNulls(request.raw);
  const name = nameOf(raw);
  const [existing, projects, credentials, blueprints] = await Promise.all([
    name === '' ? undefined : deps.store.clusters.get(project, name),
    sharingProjects(deps, request.principal, raw),
    deps.store.credentials.usable(project),
    blueprintWords(deps, project),
  ]);
  const parsed = parseCluster(raw, {
    ...{ project, blueprints },
    credentials: new Set(credentials.map((credential) => credential.name)),
    parseYaml,
    certificateProblem,
    ...(projects === undefined ? {} : { projects }),
    evenControlPlanes: request.force === true ? 'any' : controlPlanesOf(existing),
  });
  if (existing?.deleting === true) {
    throw new AppError(
      ErrorCode.Conflict,
      `cluster ${name} is being deleted: apply it again once it is gone`,
    );
  }
  // Before the keys are kept: a change that is refused leaves nothing.
  checkPrecondition(name, existing, request.precondition);
  const secrets = clusterSecrets(deps, { project, name });
  const machines = machinesOfBody(raw);
  const [ssh, proxy, foreign, immutable, artifacts] = await Promise.all([
    resolveSshKeys(
      {
        keysDir: deps.config.keysDir,
        credentials,
        cloudCredentials: cloudCredentialsOf(raw),
        storedPassphrase: (hostname) =>
          existing === undefined ? Promise.resolve(undefined) : secrets.passphrase(hostname),
      },
      machines,
    ),
    resolveProxySecret(deps, { project, name }, existing, parsed),
    foreignMachines(deps, request, name, machines),
    immutableOf(deps, existing, parsed),
    parsed.ok ? missingArtifacts(deps.store, existing, parsed.echo.spec) : [],
  ]);
  const found = parsed.ok ? [] : parsed.problems;
  return {
    ...{ name, parsed, existing, ssh, proxy },
    problems: [
      ...[...found, ...ssh.problems, ...proxy.problems, ...foreign, ...immutable],
      // Of an upgrade that cannot be made at all, what lacks for it is beside the point.
      ...(immutable.length > 0 ? [] : artifacts),
    ],
    secretsHash: deps.vault.keyedHash(stableJson(writeOnly(ssh.keys, proxy))),
  };
}

export function notValid(problems: readonly Problem[]): AppError {
  return new AppError(ErrorCode.InvalidRequest, 'the cluster is not valid', { problems });
}

/**
 * Checks a Cluster, seals its keys, records it. Nothing is written unless everything is right; keys are
 * there before the record is, because a workflow may start on the record at once.
 * @throws AppError InvalidRequest with every problem of the spec, the keys and the machines; Conflict while
 * the cluster is being deleted.
 */
export async function applyCluster(deps: ApiDeps, request: ApplyRequest): Promise<Applied> {
  const { project } = request;
  const checked = await checkCluster(deps, request);
  const { name, parsed, existing, problems, ssh, proxy, secretsHash } = checked;
  if (!parsed.ok || problems.length > 0) throw notValid(problems);
  await Promise.all(
    [...credentialsInUse(parsed.echo.spec, ssh.keys)].map((credential) =>
      deps.store.credentials.noteUse(project, credential, name),
    ),
  );
  const blueprint = parsed.echo.spec.blueprint.name;
  if (!isBuiltIn(blueprint)) await deps.store.blueprints.noteUse(project, blueprint, name);
  await clusterSecrets(deps, { project, name }).keep(ssh.keys);
  await keepProxySecret(deps, { project, name }, parsed, proxy);
  const applied = await deps.store.clusters.apply({
    project,
    name,
    desired: parsed.echo,
    ...(request.precondition === undefined ? {} : { precondition: request.precondition }),
    secretsHash,
    force: request.force === true,
    ...(request.by === undefined ? {} : { by: request.by }),
  });
  const summary = summaryOf(existing, applied);
  return { ...applied, summary: request.force === true ? `${summary} (forced)` : summary };
}

/** Those that it has, or is to have, already: no new decision. */
function controlPlanesOf(existing: ClusterRecord | undefined): string[] {
  return (existing?.desired.spec.config.nodes ?? [])
    .filter(isControlPlane)
    .map(({ hostname }) => hostname);
}

function summaryOf(
  before: ClusterRecord | undefined,
  { record, created, changed }: Omit<Applied, 'summary'>,
): string {
  const generation = `generation ${String(record.generation)}`;
  if (!changed) return 'nothing changed';
  if (created || before === undefined) {
    return `${generation}: ${String(record.desired.spec.config.nodes.length)} nodes, Kubernetes ${record.desired.spec.config.kubernetesVersion}`;
  }
  if (before.generation === record.generation) return `${generation}, tried again`;
  const paths = [
    ...changedPaths(shownOf(before), shownOf(record)),
    ...(before.secretsHash === record.secretsHash ? [] : ['passphrases or proxyAuth']),
  ];
  return `${generation}: ${pathsText(paths)}`;
}

function shownOf({ desired: { metadata, spec } }: ClusterRecord): object {
  return { metadata: { ...metadata, modifiedAt: '' }, spec };
}

/** Those of the spec, and those that its key paths stand for. */
function credentialsInUse(spec: ClusterSpec, keys: ReadonlyMap<string, NodeLogin>): Set<string> {
  const ofNodes = [...keys.values()].flatMap((login) =>
    'credential' in login ? [login.credential] : [],
  );
  return new Set([...credentialNames(spec), ...ofNodes]);
}

function writeOnly(
  keys: ReadonlyMap<string, NodeLogin>,
  { auth }: ProxySecret,
): Record<string, string> {
  const passphrases = Object.fromEntries(
    [...keys].flatMap(([hostname, login]) =>
      'credential' in login || login.passphrase === undefined ? [] : [[hostname, login.passphrase]],
    ),
  );
  return auth === undefined ? passphrases : { ...passphrases, [PROXY_AUTH_SECRET]: auth };
}

function cloudCredentialsOf(raw: unknown): string | undefined {
  const name = (raw as Partial<Cluster> | null)?.spec?.cloudCredentials as unknown;
  return typeof name === 'string' ? name : undefined;
}

/** The name that the body gives, if it gives one: the spec's own checks say what is wrong with it. */
function nameOf(raw: unknown): string {
  const name = (raw as Partial<Cluster> | null)?.metadata?.name as unknown;
  return typeof name === 'string' ? name : '';
}

/** Machines that another cluster of this plinth holds. */
async function foreignMachines(
  { store }: ApiDeps,
  { project, principal }: ApplyRequest,
  name: string,
  machines: readonly MachineOfBody[],
): Promise<Problem[]> {
  const byEndpoint = new Map<string, MachineOfBody>();
  for (const machine of machines) {
    const { privateIP = '', ssh } = machine;
    if (privateIP === '' && ssh.ipAddress === undefined) continue;
    byEndpoint.set(sshEndpoint({}, { privateIP, ssh }), machine);
  }
  if (byEndpoint.size === 0) return [];
  const holders = await store.clusters.findByAddress([...byEndpoint.keys()], { project, name });
  return holders.flatMap((holder) => {
    const machine = byEndpoint.get(holder.endpoint);
    if (machine === undefined) return [];
    const field = machine.ssh.ipAddress === undefined ? 'privateIP' : 'ssh.ipAddress';
    return [
      {
        path: `spec.config.nodes[${String(machine.index)}].${field}`,
        message: `the machine at ${holder.endpoint} is ${holderName(principal, holder)}: take it out of there first`,
      },
    ];
  });
}

/** A key for one project is not told the names of others. */
function holderName(
  principal: Principal,
  holder: { project: string; name: string; hostname: string },
): string {
  if (!mayEnter(principal, holder.project)) return 'in a cluster of another project';
  return `node ${holder.hostname} of cluster ${holder.name} in project ${holder.project}`;
}

async function immutableOf(
  { store }: ApiDeps,
  existing: ClusterRecord | undefined,
  parsed: ParsedCluster,
): Promise<Problem[]> {
  if (existing === undefined || !parsed.ok) return [];
  const desired = parsed.echo.spec;
  const version = versionProblems(existing.applied, desired);
  const applied = existing.applied.spec ?? (await specSoFar(store, existing));
  if (applied === undefined) {
    return [...version, ...immutableFromSubmit(existing.desired.spec, desired)];
  }
  // What was applied has the addresses that machines registered with: compared is like with like.
  const registrations = await store.registrations.list(existing.id);
  return [...version, ...immutableProblems(applied, withRegistrations(desired, registrations))];
}

/**
 * What cannot change any more of a cluster whose creation has not ended yet: once its first control plane
 * is there, what that was made with, and the nodes that have joined.
 */
async function specSoFar(
  store: ApiDeps['store'],
  { id, applied, desired }: ClusterRecord,
): Promise<ClusterSpec | undefined> {
  if (!applied.initialised) return undefined;
  const nodes = await store.nodes.list(id);
  const joined = nodes.filter((node) => node.joined).map((node) => node.spec);
  return { ...desired.spec, config: { ...desired.spec.config, nodes: joined } };
}
