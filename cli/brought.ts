import { NEWEST_VERSION } from '../core/blueprints.js';
import type { Problem } from '../core/errors.js';
import { Kind, valueAt, type FileDocument } from './documents.js';
import type { LocalKey } from './localKeys.js';

/** What an apply of a file sends before its Clusters. */
export interface Brought {
  /** All of the file. */
  documents: readonly FileDocument[];
  /** Uploaded with the Cluster. */
  keys: readonly LocalKey[];
}

/** What stays wrong with a Cluster once the rest of its file is applied. */
export function problemsLeft(
  brought: Brought,
  cluster: unknown,
  problems: readonly Problem[],
): Problem[] {
  return problems.flatMap((problem) => {
    const named = valueAt(cluster, problem.path);
    if (named === undefined) return [problem];
    if (problem.path.startsWith('spec.blueprint.')) {
      return blueprintProblemLeft(brought, cluster, problem);
    }
    return bringsLogin(brought, problem.path, named) ? [] : [problem];
  });
}

function bringsLogin({ documents, keys }: Brought, path: string, named: unknown): boolean {
  const has = (at: string): boolean =>
    documents.some(({ kind, value }) => kind === Kind.Credential && valueAt(value, at) === named);
  if (path.endsWith('cloudCredentials')) return has('metadata.name');
  if (!path.endsWith('privateKeyPath')) return false;
  return has('spec.privateKeyPath') || keys.some((one) => one.path === named);
}

/** Of a blueprint that is not there the server says nothing about the version. */
function blueprintProblemLeft(
  { documents }: Brought,
  cluster: unknown,
  problem: Problem,
): Problem[] {
  const { path } = problem;
  const name = valueAt(cluster, 'spec.blueprint.name');
  const own = documents.filter((one) => one.kind === Kind.Blueprint && one.name === name);
  if (own.length === 0) return [problem];
  const version = valueAt(cluster, 'spec.blueprint.version');
  const isThere = path !== 'spec.blueprint.name';
  if (own.some((one, index) => bringsVersion(one, version, isThere ? undefined : index))) return [];
  if (isThere) return [problem];
  const message = `no Blueprint ${String(name)} of the file is version ${JSON.stringify(version)}`;
  return [{ path: 'spec.blueprint.version', message }];
}

/** `index`: how many the file brings before it of a blueprint that is not there; undefined: it is there, with any number. */
function bringsVersion({ value }: FileDocument, version: unknown, index?: number): boolean {
  if (version === undefined || version === NEWEST_VERSION) return true;
  const given = valueAt(value, 'spec.version');
  if (given !== undefined) return given === version;
  // Without a word the server numbers it.
  if (index !== undefined) return version === `v${String(index + 1)}`;
  return typeof version === 'string' && /^v\d+$/.test(version);
}
