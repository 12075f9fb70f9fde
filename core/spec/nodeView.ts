import { Role } from '../words.js';
import { at, items, text, texts, type Cursor } from './cursor.js';

/** What rules ask about a node, read from a document that nobody has checked. */
export interface NodeView {
  readonly cursor: Cursor;
  readonly hostname: string | undefined;
  /** The hostname, or where the node stands in the document: for messages. */
  readonly called: string;
  readonly roles: readonly string[];
  readonly controlPlane: boolean;
  readonly worker: boolean;
}

/** The nodes of a raw cluster, in the order in which they were given. */
export function nodesOf(root: Cursor): NodeView[] {
  return items(at(root, 'spec', 'config', 'nodes')).map((cursor) => {
    const hostname = text(at(cursor, 'hostname'));
    const roles = texts(at(cursor, 'roles'));
    return {
      cursor,
      hostname,
      called: hostname ?? cursor.path,
      roles,
      controlPlane: roles.includes(Role.ControlPlane),
      worker: roles.includes(Role.Worker),
    };
  });
}
