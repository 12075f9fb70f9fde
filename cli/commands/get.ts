import type { Command } from 'commander';
import { stringify } from 'yaml';

import type { Cluster } from '../../core/cluster.js';
import { CliError, type Client } from '../client.js';
import { clusterPath, clustersPath } from '../paths.js';
import type { CommandContext } from '../program.js';
import { table } from '../statusLines.js';

interface ClusterList {
  metadata: { continue?: string };
  items: Cluster[];
}

const PAGE = 100;
/** Statuses that are asked for at once. */
const AT_ONCE = 10;

export function getCommand(program: Command, context: CommandContext): void {
  const get = program.command('get').description('show what the server holds');
  get
    .command('clusters')
    .description('the clusters of the project')
    .action(async () => {
      const { client, project } = context.session();
      const rows = [['NAME', 'KUBERNETES', 'NODES', 'STATUS']];
      // What is made or deleted meanwhile shifts nothing: each page goes on after the last cluster of the one before.
      for (let next = ''; ;) {
        const { items, metadata } = await client.getJson<ClusterList>(
          `${clustersPath(project)}?limit=${PAGE}${next}`,
        );
        for (let from = 0; from < items.length; from += AT_ONCE) {
          const some = items.slice(from, from + AT_ONCE);
          rows.push(...(await Promise.all(some.map((item) => row(client, project, item)))));
        }
        if (metadata.continue === undefined) break;
        next = `&continue=${metadata.continue}`;
      }
      table(rows).forEach((line) => context.out(line));
    });
  get
    .command('cluster <name>')
    .description('a cluster as it was applied, to be edited and applied again')
    .option('-o, --output <format>', 'yaml or json', 'yaml')
    .action(async (name: string, { output }: { output: string }) => {
      const { client, project } = context.session();
      const cluster = await client.getJson<Cluster>(clusterPath(project, name));
      context.out(
        output === 'json' ? JSON.stringify(cluster, null, 2) : stringify(cluster).trimEnd(),
      );
    });
}

/** A list is without the status: each cluster is asked for its own. */
async function row(
  client: Client,
  project: string,
  { metadata, spec }: Cluster,
): Promise<string[]> {
  const { name } = metadata;
  return [
    ...[name, spec.config.kubernetesVersion, String(spec.config.nodes.length)],
    await statusOf(client, clusterPath(project, name)),
  ];
}

async function statusOf(client: Client, path: string): Promise<string> {
  try {
    const { status } = await client.getJson<Cluster>(`${path}/status`);
    return status?.provisionStatus ?? '';
  } catch (error) {
    if (error instanceof CliError && error.status === 404) return 'gone';
    throw error;
  }
}
