import type { Command } from 'commander';

import type { Cluster } from '../../core/cluster.js';
import { CliError } from '../client.js';
import { Kind, readDocuments, type FileDocument } from '../documents.js';
import { dryRun } from '../dryRun.js';
import { ExitCode } from '../exitCodes.js';
import { clusterPath } from '../paths.js';
import { postDocument, withLines } from '../postDocument.js';
import type { CommandContext } from '../program.js';
import type { Session } from '../session.js';
import { uploadKeys } from '../uploadKeys.js';
import { checkTimeout, waitForAll, withWait, type WaitOptions } from './wait.js';

export interface ApplyOptions extends WaitOptions {
  file: string;
  uploadKeys: boolean;
  dryRun?: boolean;
  force?: boolean;
}

export function applyCommand(program: Command, context: CommandContext): void {
  withWait(program.command('apply'))
    .description('create what the file says, or change it to that')
    .requiredOption(
      '-f, --file <file>',
      'Clusters, Blueprints and Credentials as YAML or JSON; - reads standard input',
    )
    .option('--dry-run', 'say what would be done, and change nothing')
    .option(
      '--force',
      'take out machines that leave and do not answer; they are listed as ORPHANED',
    )
    .option('--no-upload-keys', 'leave keys on this computer to the key folder of the server')
    .action(async (options: ApplyOptions) => {
      checkTimeout(options, { waits: options.wait, by: '--wait' });
      if (options.dryRun === true && options.wait === true) {
        throw new CliError('of a --dry-run there is nothing to --wait for', ExitCode.Usage);
      }
      const documents = await readDocuments(options.file);
      const session = context.session();
      if (options.dryRun === true) return dryRun(context, session, documents, options);
      for (const document of documents) await applyDocument(context, session, document, options);
      if (options.wait !== true) return;
      const clusters = documents.filter(({ kind }) => kind === Kind.Cluster);
      if (clusters.length === 0) context.err(`${options.file} holds no Cluster to wait for`);
      const names = clusters.map(({ name }) => name);
      await waitForAll(context, session, names, options);
    });
}

async function applyDocument(
  context: CommandContext,
  session: Session,
  document: FileDocument,
  options: ApplyOptions,
): Promise<void> {
  const { kind, name } = document;
  const isCluster = kind === Kind.Cluster;
  const value =
    isCluster && options.uploadKeys
      ? await uploadKeys(session, document, context.out)
      : document.value;
  const query = isCluster && options.force === true ? '?force=true' : '';
  await postDocument(session, document, value, query).catch((error: unknown) => {
    throw withLines(error, document);
  });
  const { project } = session;
  context.out(
    isCluster
      ? `cluster ${name} is submitted to project ${project}`
      : `${kind.toLowerCase()} ${name} is applied to project ${project}`,
  );
  if (isCluster) await sayHowToWatch(context, session, document, options);
}

/** Where there is something to watch. */
async function sayHowToWatch(
  { err }: CommandContext,
  { client, project }: Session,
  { name }: FileDocument,
  { wait }: ApplyOptions,
): Promise<void> {
  if (wait === true) return;
  const cluster = await client.getJson<Cluster>(`${clusterPath(project, name)}/status`);
  if (cluster.status?.commonStatus.conditionStatus === 2) err('nothing has to be done');
  else err(`plinth status ${name} --watch shows how it goes`);
}
