import { CliError } from './client.js';
import { inFile } from './documentProblems.js';
import { Kind, type FileDocument } from './documents.js';
import { ExitCode } from './exitCodes.js';
import { projectPath } from './paths.js';
import type { Session } from './session.js';

const PLURALS: Readonly<Record<string, string>> = {
  [Kind.Credential]: 'credentials',
  [Kind.Blueprint]: 'blueprints',
  [Kind.Cluster]: 'clusters',
};

/** Of the list that documents of a kind are sent to. */
export function listPath(project: string, kind: string): string {
  return `${projectPath(project)}/${PLURALS[kind] ?? ''}`;
}

/** Sends a document to the list of its kind; gives the answer. */
export async function postDocument(
  { client, project }: Session,
  { kind }: FileDocument,
  value: Record<string, unknown>,
  query = '',
): Promise<string> {
  return client.send('POST', `${listPath(project, kind)}${query}`, {
    // What was read, as JSON: the server takes longer over YAML.
    type: 'application/json',
    text: JSON.stringify(value),
  });
}

/** The error with the lines of the file that the server's problems are in. */
export function withLines(error: unknown, document: FileDocument): unknown {
  if (!(error instanceof CliError) || error.exitCode !== ExitCode.BadDocument) return error;
  const { message, exitCode, problems, status } = error;
  return new CliError(message, exitCode, inFile(document, problems), status);
}
