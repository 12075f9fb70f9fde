import { isMap, isSeq, parseDocument, type Document, type YAMLMap } from 'yaml';

import { stableJson } from '../core/stableJson.js';
import { CliError } from './client.js';
import { ExitCode } from './exitCodes.js';

/** A cluster's kubeconfig as the API answers it: one of each. */
export interface OneCluster {
  cluster: object;
  user: object;
}

export interface KubeconfigFile {
  path: string;
  /** Absent: there is no such file. */
  text?: string;
}

export interface Stanzas {
  /** Of the context and of the cluster. */
  name: string;
  /** Of the user: by it we know a context, and the cluster that it is of, again as ours. */
  user: string;
  credentials: OneCluster;
  /** Make it the current context. */
  use: boolean;
  /** Take the place of a context or a cluster of that name that is not ours. */
  force: boolean;
}

export interface Merged {
  /** Files that are another than before. */
  changed: { path: string; text: string; existed: boolean }[];
  current: string | undefined;
}

const LISTS = { clusters: 'cluster', users: 'user', contexts: 'context' } as const;
type List = keyof typeof LISTS;

/**
 * Puts a cluster into a chain of kubeconfig files by kubectl's rules: what is there already is changed in the first file
 * that defines it, what is new goes into the first file that exists, and where none does into the last one. The current
 * context is the first file's that names one. All else, comments included, stays as it is.
 * @throws CliError Conflict where a context or cluster of the name is somebody else's; Config for a file that is no kubeconfig.
 */
export function mergeKubeconfig(files: readonly KubeconfigFile[], stanzas: Stanzas): Merged {
  const { name, user, credentials, use, force } = stanzas;
  const chain = files.map((file) => ({ ...file, document: open(file) }));
  const fallback = chain.find(({ text }) => text !== undefined) ?? chain.at(-1);
  if (fallback === undefined) throw new CliError('KUBECONFIG names no file', ExitCode.Config);
  const holder = (list: List, of: string): { document: Document } =>
    chain.find(({ document }) => indexOf(document, list, of) >= 0) ?? fallback;
  const before = holder('contexts', name).document;
  const known: unknown = before.getIn([
    'contexts',
    indexOf(before, 'contexts', name),
    'context',
    'user',
  ]);
  if (known !== undefined && known !== user && !force) {
    throw new CliError(
      `there is a context ${name} already, of user ${JSON.stringify(known)}: give --context-name, or --force to replace it`,
      ExitCode.Conflict,
    );
  }
  if (!force && isTheirs(chain, stanzas)) {
    throw new CliError(
      `there is a cluster ${name} already, of something else: give --context-name, or --force to replace it`,
      ExitCode.Conflict,
    );
  }
  const touched = new Set([
    put(holder('clusters', name).document, 'clusters', name, credentials.cluster),
    put(holder('users', user).document, 'users', user, credentials.user),
    put(holder('contexts', name).document, 'contexts', name, { cluster: name, user }),
  ]);
  const names = chain.map(({ document }) => document.get('current-context'));
  const first = chain[names.findIndex((one) => typeof one === 'string' && one !== '')];
  const { document: ofCurrent } = first ?? fallback;
  if ((use || first === undefined) && ofCurrent.get('current-context') !== name) {
    ofCurrent.set('current-context', name);
    touched.add(ofCurrent);
  }
  return {
    current: String(ofCurrent.get('current-context')),
    changed: chain.flatMap(({ path, text, document }) => {
      if (!touched.has(document)) return [];
      // Lists as kubectl writes them.
      const next = document.toString({ lineWidth: 0, indentSeq: false });
      return [{ path, text: next, existed: text !== undefined }];
    }),
  };
}

/** There is another cluster of the name, and no context of ours is of it: to put ours there would break theirs. */
function isTheirs(chain: readonly { document: Document }[], stanzas: Stanzas): boolean {
  const { name, user, credentials } = stanzas;
  const all = (list: List): YAMLMap[] =>
    chain.flatMap(({ document }) => {
      const items = document.get(list);
      return isSeq(items) ? items.items.filter((item) => isMap(item)) : [];
    });
  const found = all('clusters').find((item) => item.get('name') === name);
  const cluster = found?.get('cluster');
  if (found === undefined) return false;
  if (isMap(cluster) && stableJson(cluster.toJSON()) === stableJson(credentials.cluster)) {
    return false;
  }
  return !all('contexts').some(
    (item) =>
      item.getIn(['context', 'cluster']) === name && item.getIn(['context', 'user']) === user,
  );
}

/** The cluster and user of a kubeconfig that has one of each. @throws CliError ServerError */
export function oneCluster(text: string): OneCluster {
  const { clusters, users } = parseDocument(text).toJS() as {
    clusters?: { cluster?: object }[];
    users?: { user?: object }[];
  };
  const [cluster, user] = [clusters?.[0]?.cluster, users?.[0]?.user];
  if (cluster !== undefined && user !== undefined) return { cluster, user };
  throw new CliError('the server answered no kubeconfig', ExitCode.ServerError);
}

function open({ path, text }: KubeconfigFile): Document {
  const document: Document = parseDocument(text ?? '', { prettyErrors: false });
  const [error] = document.errors;
  if (error !== undefined) throw broken(path, error.message);
  if (document.contents === null) return document;
  if (!isMap(document.contents)) throw broken(path, 'it is no map');
  for (const list of Object.keys(LISTS)) {
    const value = document.get(list);
    if (value !== undefined && value !== null && !isSeq(value)) {
      throw broken(path, `${list} is no list`);
    }
  }
  return document;
}

function broken(path: string, why: string): CliError {
  return new CliError(`${path} is no kubeconfig, and is left as it is: ${why}`, ExitCode.Config);
}

function indexOf(document: Document, list: List, name: string): number {
  const items = document.get(list);
  if (!isSeq(items)) return -1;
  return items.items.findIndex((item) => isMap(item) && item.get('name') === name);
}

/** Gives the document, unless it held just that before. */
function put(document: Document, list: List, name: string, value: object): Document | undefined {
  if (document.contents === null) {
    document.contents = document.createNode({ apiVersion: 'v1', kind: 'Config' });
  }
  const field = LISTS[list];
  const index = indexOf(document, list, name);
  const item = index >= 0 ? document.getIn([list, index, field]) : undefined;
  const before = isMap(item) ? (item.toJSON() as object) : undefined;
  // What a person has set beside ours in a context, a namespace say, stays.
  const next = list === 'contexts' ? { ...before, ...value } : value;
  if (before !== undefined && stableJson(before) === stableJson(next)) return undefined;
  const node = document.createNode({ name, [field]: next });
  if (index >= 0) document.setIn([list, index], node);
  else if (isSeq(document.get(list))) document.addIn([list], node);
  else document.set(list, document.createNode([node]));
  return document;
}
