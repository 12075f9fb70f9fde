import type { Command } from 'commander';

import type { Cluster } from '../../core/cluster.js';
import { CliError } from '../client.js';
import { inFile } from '../clusterProblems.js';
import { Kind, onlyClusters, readDocuments, type FileDocument } from '../documents.js';
import { ExitCode } from '../exitCodes.js';
import { findLocalKeys, withUploadedKeys } from '../localKeys.js';
import { clusterPath, projectPath } from '../paths.js';
import { planLines, type Plan } from '../planLines.js';
import type { CommandContext } from '../program.js';
import type { Session } from '../session.js';
import { uploadKeys } from '../uploadKeys.js';
import { checkTimeout, waitAndReport, withWait, type WaitOptions } from './wait.js';

export interface ApplyOptions extends WaitOptions {
  file: string;
  uploadKeys: boolean;
  dryRun?: boolean;
  force?: boolean;
}

const PLURALS: Readonly<Record<string, string>> = {
  [Kind.Credential]: 'credentials',
  [Kind.Blueprint]: 'blueprints',
  [Kind.Cluster]: 'clusters',
};

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
      checkTimeout(options);
      const documents = await readDocuments(options.file);
      const session = context.session();
      if (options.dryRun === true) {
        for (const one of onlyClusters(documents)) await showPlan(context, session, one, options);
        return;
      }
      for (const document of documents) await applyDocument(context, session, document, options);
      if (options.wait !== true) return;
      for (const { kind, name } of documents) {
        if (kind === Kind.Cluster) await waitAndReport(context, session, name, options);
      }
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
  await postDocument(
    session,
    document,
    value,
    isCluster && options.force === true ? '?force=true' : '',
  );
  const { project } = session;
  context.out(
    isCluster
      ? `cluster ${name} is submitted to project ${project}`
      : `${kind.toLowerCase()} ${name} is applied to project ${project}`,
  );
  if (isCluster) await sayHowToWatch(context, session, document, options);
}

/**
 * No key is uploaded for it: one that the server does not have yet is among what it refuses.
 * @throws CliError BadDocument where it would be refused.
 */
async function showPlan(
  context: CommandContext,
  session: Session,
  document: FileDocument,
  { force = false, uploadKeys: uploads }: ApplyOptions,
): Promise<void> {
  const keys = uploads ? findLocalKeys(document) : [];
  for (const { path } of keys) context.err(`key ${path} is uploaded by an apply, not by a dry run`);
  const value = withUploadedKeys(document, keys);
  const query = `?dryRun=true${force ? '&force=true' : ''}`;
  const plan = JSON.parse(await postDocument(session, document, value, query)) as Plan;
  planLines(plan).forEach((line) => context.out(line));
  if (plan.refusals.length > 0) throw new CliError('it would be refused', ExitCode.BadDocument);
}

/**
 * Sends a document to the list of its kind; gives the answer.
 * @throws CliError whose problems name the line of the file.
 */
export async function postDocument(
  { client, project }: Session,
  { kind, file, position }: FileDocument,
  value: Record<string, unknown>,
  query = '',
): Promise<string> {
  try {
    return await client.send('POST', `${projectPath(project)}/${PLURALS[kind] ?? ''}${query}`, {
      // What was read, as JSON: the server takes longer over YAML.
      type: 'application/json',
      text: JSON.stringify(value),
    });
  } catch (error) {
    if (!(error instanceof CliError) || error.exitCode !== ExitCode.BadDocument) throw error;
    throw new CliError(
      error.message,
      error.exitCode,
      inFile({ file, position }, error.problems),
      error.status,
    );
  }
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
