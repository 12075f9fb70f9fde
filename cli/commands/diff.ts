import type { Command } from 'commander';

import type { Cluster } from '../../core/cluster.js';
import { SERVER_METADATA } from '../../core/serverMetadata.js';
import { isWriteOnly } from '../../core/specSecrets.js';
import { CliError } from '../client.js';
import { Sgr, type Paint } from '../colours.js';
import { onlyClusters, readDocuments, type FileDocument } from '../documents.js';
import { ExitCode } from '../exitCodes.js';
import { lineDiff } from '../lineDiff.js';
import { findLocalKeys, withUploadedKeys } from '../localKeys.js';
import { clusterPath } from '../paths.js';
import type { CommandContext } from '../program.js';
import type { Session } from '../session.js';

export function diffCommand(program: Command, context: CommandContext): void {
  program
    .command('diff')
    .description('what an apply of the file would change in the spec; exit code 1: something')
    .requiredOption('-f, --file <file>', 'Clusters as YAML or JSON; - reads standard input')
    .action(async ({ file }: { file: string }) => {
      const documents = onlyClusters(await readDocuments(file));
      const session = context.session();
      const found = [];
      for (const document of documents) {
        found.push(...(await diffOf(session, document, context.paint)));
      }
      if (found.length === 0) return;
      context.out(found.join('\n'));
      throw new CliError('', ExitCode.OperationFailed);
    });
}

async function diffOf(
  { client, project }: Session,
  document: FileDocument,
  paint: Paint,
): Promise<string[]> {
  const { file, name } = document;
  const there = await client
    .getJson<Cluster>(clusterPath(project, name))
    .catch((error: unknown) => {
      if (error instanceof CliError && error.status === 404) return undefined;
      throw error;
    });
  // As an apply would send it.
  const value = withUploadedKeys(document, findLocalKeys(document)) as unknown as Cluster;
  const wanted = comparable(value, project);
  const [before, after] = await Promise.all([
    there === undefined ? [] : linesOf(inOrderOf(comparable(there, project), wanted)),
    linesOf(wanted),
  ]);
  const lines = lineDiff(before, after);
  if (lines.length === 0) return [];
  const from = there === undefined ? '/dev/null' : `cluster ${name} in project ${project}`;
  return [`--- ${from}`, `+++ ${file}`, ...lines].map((line) => painted(line, paint));
}

/** What a person writes: nothing that the server sets, nor what it never answers. */
function comparable({ apiVersion, kind, metadata, spec }: Cluster, project: string): unknown {
  const own = Object.entries(metadata).filter(([key]) => !SERVER_METADATA.has(key));
  return withoutSecrets({
    ...{ apiVersion, kind },
    metadata: { project, ...(Object.fromEntries(own) as object) },
    spec,
  });
}

/** A field that is null is one that was not set. */
function withoutSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, one]) => !isWriteOnly(key) && one !== null && one !== undefined)
      .map(([key, one]) => [key, withoutSecrets(one)]),
  );
}

/** The same with its fields in the order of the model, and nodes by hostname: an order says nothing. */
function inOrderOf(value: unknown, model: unknown): unknown {
  if (Array.isArray(value)) {
    const models: readonly unknown[] = Array.isArray(model) ? model : [];
    const all: readonly unknown[] = value;
    const named = all.every((one) => hostnameOf(one) !== undefined);
    if (!named) return all.map((one, index) => inOrderOf(one, models[index]));
    const places = new Map(models.map((one, index) => [hostnameOf(one), index]));
    const place = (one: unknown): number => places.get(hostnameOf(one)) ?? Infinity;
    return all
      .toSorted((a, b) => (place(a) === place(b) ? 0 : place(a) - place(b)))
      .map((one) => inOrderOf(one, models[places.get(hostnameOf(one)) ?? -1]));
  }
  if (value === null || typeof value !== 'object') return value;
  const theirs = model !== null && typeof model === 'object' ? Object.entries(model) : [];
  const known = theirs.filter(([key]) => Object.hasOwn(value, key));
  const fields = value as Record<string, unknown>;
  const order = [...new Set([...known.map(([key]) => key), ...Object.keys(value)])];
  const models = Object.fromEntries(theirs) as Record<string, unknown>;
  return Object.fromEntries(order.map((key) => [key, inOrderOf(fields[key], models[key])]));
}

function hostnameOf(value: unknown): unknown {
  return value !== null && typeof value === 'object'
    ? (value as { hostname?: unknown }).hostname
    : undefined;
}

async function linesOf(value: unknown): Promise<string[]> {
  const { stringify } = await import('../yaml.js');
  return stringify(value, { lineWidth: 0, aliasDuplicateObjects: false }).trimEnd().split('\n');
}

function painted(line: string, paint: Paint): string {
  if (line.startsWith('@@')) return paint(line, Sgr.Cyan);
  if (line.startsWith('+')) return paint(line, Sgr.Green);
  return line.startsWith('-') ? paint(line, Sgr.Red) : line;
}
