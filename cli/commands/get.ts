import type { Command } from 'commander';
import { stringify } from 'yaml';

import type { Cluster } from '../../core/cluster.js';
import { clusterPath, clustersPath } from '../paths.js';
import type { CommandContext } from '../program.js';
import { table } from '../statusLines.js';

interface ClusterList {
  metadata: { continue?: string };
  items: Cluster[];
}

const PAGE = 100;

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
        rows.push(...items.map(row));
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

function row({ metadata, spec, status }: Cluster): string[] {
  return [
    metadata.name,
    spec.config.kubernetesVersion,
    String(spec.config.nodes.length),
    status?.provisionStatus ?? '',
  ];
}
