import type { Cluster } from '../../core/cluster.js';
import type { ClusterState } from '../../core/clusterState.js';
import { API_VERSION, ProvisionStatus } from '../../core/words.js';
import { age } from '../age.js';
import { CliError } from '../client.js';
import { ExitCode } from '../exitCodes.js';
import { readList } from '../lists.js';
import {
  isForPrograms,
  printDocument,
  printTable,
  type Column,
  type OutputOptions,
} from '../output.js';
import { clusterPath, clustersPath, projectPath } from '../paths.js';
import { positiveInteger } from '../positiveInteger.js';
import type { CommandContext } from '../program.js';
import type { Session } from '../session.js';

export interface GetClustersOptions extends OutputOptions {
  allProjects?: boolean;
  selector?: string;
  name?: string;
  status?: string;
  limit?: string;
  all?: boolean;
}

/** As `GET …/clustersummaries` answers it. */
interface ClusterSummary {
  name: string;
  id: string;
  state: ClusterState;
  reason: string;
  provisionStatus: ProvisionStatus;
  kubernetesVersion: string;
  appliedVersion?: string;
  blueprint: { name: string; version?: string };
  nodes: { ready: number; total: number };
  labels: Record<string, string>;
  createdAt: string;
  modifiedAt: string;
}

type Row = ClusterSummary & { project: string };

/** As many as people look at; programs get all. */
const PAGE = 100;
/** Whole Clusters, a few kilobytes each. */
const DOCUMENTS_PAGE = 200;

const WORDS: Readonly<Record<string, readonly ProvisionStatus[]>> = {
  ready: [ProvisionStatus.Complete],
  working: [
    ProvisionStatus.NotStarted,
    ProvisionStatus.InfraInProgress,
    ProvisionStatus.BootstrapInProgress,
    ProvisionStatus.InProgress,
  ],
  failed: [
    ProvisionStatus.InfraFailed,
    ProvisionStatus.BootstrapFailed,
    ProvisionStatus.Failed,
    ProvisionStatus.DeletionFailed,
  ],
  deleting: [ProvisionStatus.DeletionInProgress],
};

export async function getClusters(
  context: CommandContext,
  options: GetClustersOptions,
): Promise<void> {
  const { output } = options;
  const filters = {
    name: options.name,
    label: options.selector,
    status: statusFilter(options.status),
  };
  const limit = limitOf(options);
  const session = context.session();
  const projects = options.allProjects === true ? await projectNames(session) : [session.project];
  const read = { session, projects, filters, limit };
  if (isForPrograms(output)) {
    const { found, count } = await readProjects<Cluster>(read, clustersPath, DOCUMENTS_PAGE);
    sayHowManyMore(context, found.length, count);
    if (output === 'name') {
      if (found.length > 0) context.out(found.map(({ item }) => item.metadata.name).join('\n'));
      return;
    }
    const items = found.map(({ item }) => item);
    return printDocument(context, { apiVersion: API_VERSION, kind: 'ClusterList', items }, output);
  }
  const { found, count } = await readProjects<ClusterSummary>(
    read,
    (project) => `${projectPath(project)}/clustersummaries`,
    PAGE * 5,
  );
  if (found.length === 0) {
    context.err(nothingText(session, options));
    return;
  }
  const rows = found.map(({ project, item }) => ({ ...item, project }));
  printTable(context, rows, columns(options.allProjects === true, Date.now()), options);
  sayHowManyMore(context, found.length, count);
}

interface Reading {
  session: Session;
  projects: readonly string[];
  filters: Record<string, string | undefined>;
  limit: number;
}

interface Found<T> {
  found: { project: string; item: T }[];
  /** Of all that the filters hold for, in all of the projects. */
  count: number;
}

async function readProjects<T>(
  { session, projects, filters, limit }: Reading,
  path: (project: string) => string,
  page: number,
): Promise<Found<T>> {
  const all: Found<T> = { found: [], count: 0 };
  for (const project of projects) {
    // Also where nothing more is shown, how many there are is.
    const rest = Math.max(1, limit - all.found.length);
    const list = await readList<T>(session.client, path(project), { filters, limit: rest, page });
    const shown = list.items.slice(0, limit - all.found.length);
    all.count += list.count;
    all.found.push(...shown.map((item) => ({ project, item })));
  }
  return all;
}

export async function getCluster(
  context: CommandContext,
  name: string,
  options: OutputOptions,
): Promise<void> {
  const { client, project } = context.session();
  if (options.output === 'table' || options.output === 'wide') {
    const path = `${projectPath(project)}/clustersummaries`;
    const { items } = await readList<ClusterSummary>(client, path, { filters: { name } });
    if (items.length === 0) {
      throw new CliError(`project ${project} has no cluster ${name}`, ExitCode.NotFound);
    }
    const rows = items.map((item) => ({ ...item, project }));
    return printTable(context, rows, columns(false, Date.now()), options);
  }
  const cluster = await client.getJson<Cluster>(clusterPath(project, name));
  if (options.output === 'name') context.out(cluster.metadata.name);
  else await printDocument(context, cluster, options.output);
}

function columns(withProject: boolean, now: number): Column<Row>[] {
  return [
    ...(withProject ? [{ header: 'PROJECT', of: (row: Row) => row.project }] : []),
    { header: 'NAME', of: ({ name }) => name },
    { header: 'STATUS', of: ({ state }) => state },
    { header: 'KUBERNETES', of: versionText },
    { header: 'NODES', of: ({ nodes }) => `${nodes.ready}/${nodes.total}` },
    { header: 'BLUEPRINT', of: ({ blueprint }) => blueprintText(blueprint) },
    { header: 'AGE', of: ({ createdAt }) => age(createdAt, now) },
    { header: 'ID', wide: true, of: ({ id }) => id },
    { header: 'CHANGED', wide: true, of: ({ modifiedAt }) => age(modifiedAt, now) },
    { header: 'LABELS', wide: true, of: ({ labels }) => labelsText(labels) },
    { header: 'REASON', wide: true, of: ({ reason }) => reason.split('\n')[0] ?? '' },
  ];
}

function versionText({ kubernetesVersion, appliedVersion }: ClusterSummary): string {
  return appliedVersion === undefined
    ? kubernetesVersion
    : `${appliedVersion} -> ${kubernetesVersion}`;
}

function blueprintText({ name, version }: ClusterSummary['blueprint']): string {
  return version === undefined ? name : `${name}@${version}`;
}

function labelsText(labels: Record<string, string>): string {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  return pairs.length === 0 ? '<none>' : pairs.join(',');
}

function limitOf({ limit, all = false, output }: GetClustersOptions): number {
  if (limit !== undefined) return positiveInteger('--limit', limit);
  return all || isForPrograms(output) ? Infinity : PAGE;
}

function statusFilter(words: string | undefined): string | undefined {
  if (words === undefined) return undefined;
  const known: readonly string[] = Object.values(ProvisionStatus);
  const found = words.split(',').flatMap((text): readonly string[] => {
    const word = text.trim();
    const ours = WORDS[word.toLowerCase()];
    if (ours !== undefined) return ours;
    if (known.includes(word)) return [word];
    throw new CliError(
      `--status ${word} is none of ${Object.keys(WORDS).join(', ')} (nor a provisionStatus)`,
      ExitCode.Usage,
    );
  });
  return found.join(',');
}

async function projectNames({ client }: Session): Promise<string[]> {
  const { items } = await readList<{ metadata: { name: string } }>(
    client,
    '/apis/system.k8smgmt.io/v3/projects',
  );
  return items.map(({ metadata }) => metadata.name);
}

function sayHowManyMore({ err }: CommandContext, shown: number, count: number): void {
  if (shown >= count) return;
  err(`${shown} of ${count} clusters; --all shows every one, --name, -l and --status choose`);
}

function nothingText({ project }: Session, options: GetClustersOptions): string {
  const where = options.allProjects === true ? 'any project' : `project ${project}`;
  const chosen = options.name ?? options.selector ?? options.status;
  if (chosen !== undefined) return `no cluster in ${where} is so`;
  return `no clusters in ${where}; plinth apply -f FILE makes one`;
}
