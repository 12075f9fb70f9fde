import type { Problem } from '../core/errors.js';
import { problemsLeft } from './brought.js';
import { CliError } from './client.js';
import { documentProblems, inFile } from './documentProblems.js';
import { Kind, valueAt, type FileDocument } from './documents.js';
import { ExitCode } from './exitCodes.js';
import { findLocalKeys, withUploadedKeys } from './localKeys.js';
import { planLines, refusalLine, type Plan } from './planLines.js';
import { listPath, postDocument } from './postDocument.js';
import type { CommandContext } from './program.js';
import type { Session } from './session.js';

export interface DryRunOptions {
  uploadKeys: boolean;
  force?: boolean;
}

/**
 * Says what an apply of the documents would do: of a Cluster the taskset, by the server; of the others, which the server
 * has no dry run for, whether they are there already.
 * @throws CliError BadDocument, once all is said, where one of them would be refused.
 */
export async function dryRun(
  context: CommandContext,
  session: Session,
  documents: readonly FileDocument[],
  options: DryRunOptions,
): Promise<void> {
  let refused = false;
  for (const document of documents) {
    const { lines, refusals } =
      document.kind === Kind.Cluster
        ? await planOf(context, session, { document, documents, ...options })
        : await outlookOf(session, document);
    const problems = inFile(document, refusals);
    [...lines, ...problems.map(refusalLine)].forEach((line) => context.out(line));
    refused ||= refusals.length > 0;
  }
  if (refused) throw new CliError('it would be refused', ExitCode.BadDocument);
}

const PRIVATE_KEY = 'spec.privateKey';

/** What is said of a document, and why it would be refused. */
interface Outlook {
  lines: string[];
  refusals: Problem[];
}

async function outlookOf({ client, project }: Session, document: FileDocument): Promise<Outlook> {
  const { kind, name } = document;
  const refusals = await documentProblems(document, project);
  if (refusals.length > 0) return { lines: [], refusals };
  const there = await client
    .getJson(`${listPath(project, kind)}/${encodeURIComponent(name)}`)
    .then(() => true)
    .catch((error: unknown) => {
      if (error instanceof CliError && error.status === 404) return false;
      throw error;
    });
  if (!there && kind === Kind.Credential && valueAt(document.value, PRIVATE_KEY) === undefined) {
    const message = 'is missing: a new credential needs one';
    return { lines: [], refusals: [{ path: PRIVATE_KEY, message }] };
  }
  const what = `${kind.toLowerCase()} ${name}`;
  const line = there
    ? `${what} is there already: it would be sent, and changed where it differs; only an apply compares it`
    : `${what} would be created; only an apply checks all of it`;
  return { lines: [line], refusals };
}

interface ClusterDryRun extends DryRunOptions {
  document: FileDocument;
  /** All of the file. */
  documents: readonly FileDocument[];
}

/** What is refused of it, but for what an apply of the same file would have brought before it. */
async function planOf(
  { err }: CommandContext,
  session: Session,
  { document, documents, uploadKeys, force = false }: ClusterDryRun,
): Promise<Outlook> {
  const keys = uploadKeys ? findLocalKeys(document) : [];
  for (const { path } of keys) err(`key ${path} is uploaded by an apply, not by a dry run`);
  const value = withUploadedKeys(document, keys);
  const query = `?dryRun=true${force ? '&force=true' : ''}`;
  const { lines, problems } = await postDocument(session, document, value, query)
    .then((text) => JSON.parse(text) as Plan)
    .then((plan) => ({ lines: planLines(plan), problems: plan.refusals }))
    .catch((error: unknown) => ({ lines: [], problems: refusalsOf(error) }));
  const refusals = problemsLeft({ documents, keys }, value, problems);
  if (problems.length === 0 || refusals.length > 0) return { lines, refusals };
  const missing = problems.map(({ path }) => path).join(', ');
  // Of a cluster with problems the server has not compared what cannot change, nor looked for artifacts.
  const line = `cluster ${document.name} is not refused so far; the rest is known once its ${missing}, which an apply of the file brings, is there`;
  return { lines: [line], refusals };
}

/** Of a document that the server plans nothing for. */
function refusalsOf(error: unknown): readonly Problem[] {
  const isRefused = error instanceof CliError && error.exitCode === ExitCode.BadDocument;
  if (!isRefused || error.problems.length === 0) throw error;
  return error.problems;
}
