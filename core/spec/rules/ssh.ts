import type { Problem } from '../../errors.js';
import { REGISTERED_FIELDS } from '../../registration.js';
import { didYouMean } from '../closest.js';
import { at, isGiven, problemAt, text, type Cursor } from '../cursor.js';
import { nodesOf, type NodeView } from '../nodeView.js';
import type { ParseContext } from '../parseContext.js';
import type { Rule } from './rule.js';

/** There is a key to log in to every node with, and it can be used. */
export const sshRule: Rule = (root, context) => {
  const clusterSsh = at(root, 'spec', 'config', 'ssh');
  const credential = at(root, 'spec', 'cloudCredentials');
  const nodes = nodesOf(root);
  const shared = isGiven(at(clusterSsh, 'privateKeyPath')) || isGiven(credential);
  return [
    ...[
      credential,
      ...[clusterSsh, ...nodes.map(({ cursor }) => at(cursor, 'ssh'))].map((ssh) =>
        at(ssh, 'bastion', 'cloudCredentials'),
      ),
    ].flatMap((cursor) => credentialProblems(cursor, context)),
    ...keyProblems([clusterSsh, ...nodes.map(({ cursor }) => at(cursor, 'ssh'))], context),
    ...(isGiven(at(clusterSsh, 'passphrase')) && !isGiven(at(clusterSsh, 'privateKeyPath'))
      ? [problemAt(at(clusterSsh, 'passphrase'), NO_KEY)]
      : []),
    ...nodes.flatMap((node) => loginProblems(node, shared, clusterSsh)),
    ...nodes.flatMap((node) => missingProblems(node, shared)),
  ];
};

const NO_KEY =
  'is the passphrase of no key: give privateKeyPath beside it (an uploaded credential brings its own passphrase)';

function loginProblems(node: NodeView, shared: boolean, clusterSsh: Cursor): Problem[] {
  const ssh = at(node.cursor, 'ssh');
  const ownKey = isGiven(at(ssh, 'privateKeyPath'));
  if (!ownKey && !shared) {
    // It comes by the installer command, which makes a login of its own.
    if (!isGiven(ssh)) return [];
    return [
      problemAt(
        ssh,
        `no key to log in to ${node.called} with: give privateKeyPath here, or spec.config.ssh.privateKeyPath for all nodes, or spec.cloudCredentials with the name of an uploaded credential; or leave ssh out, and run the installer command on the machine`,
      ),
    ];
  }
  const passphrase = at(ssh, 'passphrase');
  if (!isGiven(passphrase) || ownKey || isGiven(at(clusterSsh, 'privateKeyPath'))) return [];
  return [problemAt(passphrase, NO_KEY)];
}

/** What is said of a machine that we log in to by a key of the spec's; one that registers says it itself. */
function missingProblems({ cursor }: NodeView, shared: boolean): Problem[] {
  if (!shared && !isGiven(at(cursor, 'ssh'))) return [];
  return REGISTERED_FIELDS.map((field) => at(cursor, field))
    .filter(({ value }) => value === undefined)
    .map((field) => problemAt(field, 'is missing: only nodes without a key may leave it out'));
}

function credentialProblems(cursor: Cursor, context: ParseContext): Problem[] {
  const name = text(cursor);
  if (name === undefined || context.credentials.has(name)) return [];
  return [
    problemAt(
      cursor,
      `project ${context.project} has no credential ${JSON.stringify(name)}: upload it first, or give ssh.privateKeyPath${didYouMean(name, context.credentials)}`,
    ),
  ];
}

/** Every path is checked once, however many nodes name it. */
function keyProblems(logins: Cursor[], context: ParseContext): Problem[] {
  const checked = new Map<string, string | undefined>();
  return logins.flatMap((ssh) => {
    const cursor = at(ssh, 'privateKeyPath');
    const path = text(cursor);
    if (path === undefined || path === '') return [];
    if (!checked.has(path)) checked.set(path, context.checkKeyPath?.(path));
    const problem = checked.get(path);
    return problem === undefined ? [] : [problemAt(cursor, problem)];
  });
}
