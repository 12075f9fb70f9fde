import type { Command } from 'commander';

import type { Cluster } from '../../core/cluster.js';
import { CliError } from '../client.js';
import { inFile } from '../clusterProblems.js';
import { Kind, readDocuments, type FileDocument } from '../documents.js';
import { ExitCode } from '../exitCodes.js';
import { clusterPath, projectPath } from '../paths.js';
import type { CommandContext } from '../program.js';
import type { Session } from '../session.js';
import { uploadKeys } from '../uploadKeys.js';
import { checkTimeout, waitAndReport, withWait, type WaitOptions } from './wait.js';

export interface ApplyOptions extends WaitOptions {
  file: string;
  uploadKeys: boolean;
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
    .option('--no-upload-keys', 'leave keys on this computer to the key folder of the server')
    .action(async (options: ApplyOptions) => {
      checkTimeout(options);
      const documents = await readDocuments(options.file);
      const session = context.session();
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
  await postDocument(session, document, value);
  const { project } = session;
  context.out(
    isCluster
      ? `cluster ${name} is submitted to project ${project}`
      : `${kind.toLowerCase()} ${name} is applied to project ${project}`,
  );
  if (isCluster) await sayHowToWatch(context, session, document, options);
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
