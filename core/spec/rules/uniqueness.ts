import type { Problem } from '../../errors.js';
import { canonicalText } from '../cidr.js';
import { at, problemAt, text, type Cursor } from '../cursor.js';
import { nodesOf, type NodeView } from '../nodeView.js';
import type { Rule } from './rule.js';

const DEFAULT_PORT = '22';

/** No two nodes are the same machine: by name, by address, or by where we log in. */
export const uniquenessRule: Rule = (root) => {
  const nodes = nodesOf(root);
  const clusterSsh = at(root, 'spec', 'config', 'ssh');
  return [
    ...repeated(nodes, (node) => hostname(node)),
    ...repeated(nodes, (node) => privateIP(node)),
    ...repeated(nodes, (node) => login(node, clusterSsh)),
  ];
};

interface Claim {
  at: Cursor;
  key: string;
  what: string;
  /** It follows from another claim of the node, which is reported already where both nodes agree in it. */
  implied?: boolean;
}

function hostname(node: NodeView): Claim | undefined {
  if (node.hostname === undefined) return undefined;
  return {
    at: at(node.cursor, 'hostname'),
    key: node.hostname.toLowerCase(),
    what: `hostname ${JSON.stringify(node.hostname)}`,
  };
}

function privateIP(node: NodeView): Claim | undefined {
  const cursor = at(node.cursor, 'privateIP');
  const address = text(cursor);
  if (address === undefined) return undefined;
  return { at: cursor, key: canonicalText(address), what: `privateIP ${address}` };
}

/** Where we log in to it: `ssh.ipAddress`, else the privateIP. */
function login(node: NodeView, clusterSsh: Cursor): Claim | undefined {
  const ssh = at(node.cursor, 'ssh');
  const given = text(at(ssh, 'ipAddress'));
  const address = given ?? text(at(node.cursor, 'privateIP'));
  if (address === undefined) return undefined;
  const port = text(at(ssh, 'port')) ?? text(at(clusterSsh, 'port')) ?? DEFAULT_PORT;
  const bastion =
    text(at(ssh, 'bastion', 'ipAddress')) ?? text(at(clusterSsh, 'bastion', 'ipAddress')) ?? '';
  return {
    at: given === undefined ? at(node.cursor, 'privateIP') : at(ssh, 'ipAddress'),
    key: [canonicalText(address), port, bastion].join(' '),
    what: `SSH address ${address} port ${port}`,
    implied: given === undefined,
  };
}

function repeated(nodes: NodeView[], claimOf: (node: NodeView) => Claim | undefined): Problem[] {
  const first = new Map<string, Claim>();
  return nodes.flatMap((node) => {
    const claim = claimOf(node);
    if (claim === undefined) return [];
    const taken = first.get(claim.key);
    if (taken === undefined) {
      first.set(claim.key, claim);
      return [];
    }
    if (claim.implied === true && taken.implied === true) return [];
    return [
      problemAt(
        claim.at,
        `${claim.what} is taken already, by ${taken.at.path}: every node has its own`,
      ),
    ];
  });
}
