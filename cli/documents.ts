import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

import type { Document as YamlDocument } from 'yaml';

import { AppError, type Problem } from '../core/errors.js';
import { CliError } from './client.js';
import { ExitCode } from './exitCodes.js';

/** One document of a person's file. */
export interface FileDocument {
  /** As it was named on the command line. */
  file: string;
  /** Where paths in it are relative to. */
  folder: string;
  value: Record<string, unknown>;
  kind: string;
  name: string;
  /** `12:7` of a path like `spec.config.nodes[1].hostname`, or of what should hold it. */
  position: (path: string) => string;
}

export const Kind = {
  Credential: 'Credential',
  Blueprint: 'Blueprint',
  Cluster: 'Cluster',
} as const;
/** What others name comes first. */
const KINDS: readonly string[] = Object.values(Kind);

/**
 * The documents of a file (`-`: standard input), YAML or JSON, several with `---` between them, in the order in which
 * they have to be applied.
 * @throws CliError NotFound when it cannot be read; BadDocument with everything that is wrong with its form.
 */
export async function readDocuments(file: string): Promise<FileDocument[]> {
  const text = readText(file);
  const [{ LineCounter, parseAllDocuments }, { yamlDefects, yamlValue }] = await Promise.all([
    import('./yaml.js'),
    import('../core/spec/yamlText.js'),
  ]);
  const lines = new LineCounter();
  const at = (offset = 0): string => {
    const { line, col } = lines.linePos(offset);
    return `${line}:${col}`;
  };
  const options = { lineCounter: lines, uniqueKeys: false, prettyErrors: false };
  const parsed = parseAllDocuments(text, options);
  const documents = (Array.isArray(parsed) ? parsed : []).filter(
    (one) => one.contents !== null || one.errors.length > 0,
  );
  const problems = documents.flatMap((one) =>
    yamlDefects(one).map(({ offset, message }) => ({ path: `${file}:${at(offset)}`, message })),
  );
  if (problems.length > 0) throw wrong(`${file} is not valid YAML`, problems);
  if (documents.length === 0) throw wrong(`${file} holds no document`, []);
  const valueIn = (document: YamlDocument): unknown => {
    try {
      return yamlValue(document);
    } catch (error) {
      throw wrong(`${file} is not valid YAML`, error instanceof AppError ? error.problems : []);
    }
  };
  const found = documents.map((document) => {
    const value = valueIn(document);
    const position = (path: string): string => at(offsetOf(document, path));
    return { file, folder: folderOf(file), value, position };
  });
  const unclear = found.flatMap(({ value, position }) =>
    headProblems(value).map(({ path, message }) => ({
      path: `${file}:${position(path)}`,
      message: `${path === '' ? '' : `${path} `}${message}`,
    })),
  );
  if (unclear.length > 0) throw wrong(`${file} cannot be applied`, unclear);
  return found
    .map(({ value, ...rest }) => {
      const known = value as { kind: string; metadata: { name: string } };
      return {
        ...{ ...rest, value: value as Record<string, unknown> },
        ...{ kind: known.kind, name: known.metadata.name },
      };
    })
    .toSorted((a, b) => KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind));
}

/** Only Clusters, for what makes no sense of others. @throws CliError BadDocument */
export function onlyClusters(documents: readonly FileDocument[]): FileDocument[] {
  const others = documents.filter(({ kind }) => kind !== Kind.Cluster);
  if (others.length === 0) return [...documents];
  throw wrong(
    'only a Cluster can be compared',
    others.map(({ file, position, kind, name }) => ({
      path: `${file}:${position('kind')}`,
      message: `${kind} ${name}`,
    })),
  );
}

function readText(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch {
    throw new CliError(`${file} cannot be read`, ExitCode.NotFound);
  }
}

function folderOf(file: string): string {
  return file === '-' ? process.cwd() : dirname(resolve(file));
}

/** What has to be known of a document before anything can be done with it. */
function headProblems(value: unknown): Problem[] {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    return [{ path: '', message: 'a document must be a map with apiVersion, kind, …' }];
  }
  const { kind, metadata } = value as { kind?: unknown; metadata?: { name?: unknown } | null };
  const name = metadata?.name;
  return [
    ...(typeof kind === 'string' && KINDS.includes(kind)
      ? []
      : [{ path: 'kind', message: `must be one of ${KINDS.join(', ')}` }]),
    ...(typeof name === 'string' && name !== ''
      ? []
      : [{ path: 'metadata.name', message: 'is missing' }]),
  ];
}

/** What stands at a path like `spec.config.nodes[1].hostname`. */
export function valueAt(value: unknown, path: string): unknown {
  return keysOf(path).reduce<unknown>(
    (holder, key) =>
      holder !== null && typeof holder === 'object' && Object.hasOwn(holder, key)
        ? (holder as Record<string | number, unknown>)[key]
        : undefined,
    value,
  );
}

/** Where the path begins in the text; of what is not there, where its nearest holder does. */
function offsetOf(document: YamlDocument, path: string): number | undefined {
  const keys = keysOf(path);
  for (let length = keys.length; length >= 0; length -= 1) {
    const node: unknown = document.getIn(keys.slice(0, length), true);
    const range = (node as { range?: [number, number, number] } | null | undefined)?.range;
    if (range !== undefined) return range[0];
  }
  return undefined;
}

/** `spec.config.nodes[1].labels["a.b/c"]` as its keys. */
function keysOf(path: string): (string | number)[] {
  return [...path.matchAll(/\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|([^.[\]]+)/g)].map(
    ([, quoted, index, plain]) =>
      quoted !== undefined
        ? (JSON.parse(`"${quoted}"`) as string)
        : index !== undefined
          ? Number(index)
          : (plain ?? ''),
  );
}

function wrong(message: string, problems: readonly Problem[]): CliError {
  return new CliError(message, ExitCode.BadDocument, problems);
}
