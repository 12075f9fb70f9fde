import type { Command } from 'commander';

import { withOutput, type OutputOptions } from '../output.js';
import type { CommandContext } from '../program.js';
import { getBlueprints, getCredentials } from './getProjectThings.js';
import { getCluster, getClusters, type GetClustersOptions } from './getClusters.js';
import {
  getNodes,
  getTasksets,
  type GetNodesOptions,
  type GetTasksetsOptions,
} from './getClusterThings.js';

export function getCommand(program: Command, context: CommandContext): void {
  const get = program.command('get').description('show what the server holds');
  withOutput(get.command('clusters'))
    .description('the clusters of the project, and how they stand')
    .option('-A, --all-projects', 'those of every project that the key may enter')
    .option('-l, --selector <labels>', 'by label: env=prod,tier notin (test,stage)')
    .option('--name <name>', 'of this name; abc*: whose name begins so')
    .option('--status <words>', 'ready, working, failed, deleting; several with commas')
    .option('--limit <count>', 'at most so many (default: 100, and with -o json|yaml|name all)')
    .option('--all', 'all of them')
    .action((options: GetClustersOptions) => getClusters(context, options));
  withOutput(get.command('cluster <name>'), 'yaml')
    .description('a cluster as it was applied, to be edited and applied again')
    .action((name: string, options: OutputOptions) => getCluster(context, name, options));
  withOutput(get.command('nodes <cluster>'))
    .description('the nodes of a cluster')
    .option('-l, --selector <labels>', 'by label')
    .option('--status <words>', 'READY, FAILED, PROVISIONING, …; several with commas')
    .action((cluster: string, options: GetNodesOptions) => getNodes(context, cluster, options));
  withOutput(get.command('tasksets <cluster>'))
    .description('what was done to a cluster, the newest first')
    .option('--limit <count>', 'at most so many', '10')
    .action((cluster: string, options: GetTasksetsOptions) =>
      getTasksets(context, cluster, options),
    );
  withOutput(get.command('blueprints'))
    .description('the blueprints that clusters of the project can have')
    .action((options: OutputOptions) => getBlueprints(context, options));
  withOutput(get.command('credentials'))
    .description('the SSH credentials of the project, without their keys')
    .action((options: OutputOptions) => getCredentials(context, options));
}
