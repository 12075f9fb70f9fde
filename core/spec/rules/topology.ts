import type { Problem } from '../../errors.js';
import { at, isTrue, items, problemAt, text, type Cursor } from '../cursor.js';
import type { ParseContext } from '../parseContext.js';
import { MAX_CONTROL_PLANES } from '../limits.js';
import { nodesOf, type NodeView } from '../nodeView.js';
import type { Rule } from './rule.js';

/** How many control planes there are, and that something can run workloads. */
export const topologyRule: Rule = (root, { evenControlPlanes }) => {
  const nodes = nodesOf(root);
  const config = at(root, 'spec', 'config');
  if (nodes.length === 0) return [];
  const controlPlanes = nodes.filter((node) => node.controlPlane);
  return [
    ...controlPlaneCount(at(config, 'nodes'), controlPlanes, evenControlPlanes),
    ...highAvailability(at(config, 'highAvailability'), controlPlanes.length),
    ...dedicated(config, controlPlanes),
    ...(nodes.some((node) => node.worker)
      ? []
      : [
          problemAt(
            at(config, 'nodes'),
            'no node has the role Worker, so nothing could run: give it to a node, which may be a control plane as well',
          ),
        ]),
    ...nodes.flatMap(repeatedRoles),
  ];
};

function controlPlaneCount(
  nodes: Cursor,
  controlPlanes: NodeView[],
  even: ParseContext['evenControlPlanes'] = [],
): Problem[] {
  const count = controlPlanes.length;
  if (count === 0) {
    return [problemAt(nodes, 'no node has the role ControlPlane: give it to one, three or five')];
  }
  const names = controlPlanes.map((node) => node.called).join(', ');
  if (count > MAX_CONTROL_PLANES) {
    return [problemAt(nodes, `${count} control planes: at most ${MAX_CONTROL_PLANES}`)];
  }
  if (count % 2 === 1 || even === 'any') return [];
  const known = new Set(even);
  const called = controlPlanes.map((node) => text(at(node.cursor, 'hostname')) ?? '');
  if (known.size === count && called.every((name) => known.has(name))) return [];
  return [
    problemAt(
      nodes,
      `an even number of control planes, ${count} (${names}), survives no more failures than ${count - 1}: make it ${count - 1} or ${count + 1}, or apply it with force=true`,
    ),
  ];
}

function highAvailability(flag: Cursor, count: number): Problem[] {
  if (isTrue(flag) && count < 3) {
    return [
      problemAt(
        flag,
        `needs three or more control planes, and there ${count === 1 ? 'is 1' : `are ${count}`}: add some, or leave it out`,
      ),
    ];
  }
  if (flag.value === false && count >= 3) {
    return [
      problemAt(flag, `is false with ${count} control planes: make it true, or leave it out`),
    ];
  }
  return [];
}

function dedicated(config: Cursor, controlPlanes: NodeView[]): Problem[] {
  if (!isTrue(at(config, 'dedicatedControlPlane'))) return [];
  return controlPlanes
    .filter((node) => node.worker)
    .map((node) =>
      problemAt(
        at(node.cursor, 'roles'),
        `${node.called} is a control plane and a Worker, and dedicatedControlPlane is true: take Worker away here, or leave dedicatedControlPlane out`,
      ),
    );
}

function repeatedRoles(node: NodeView): Problem[] {
  const seen = new Set<string>();
  return items(at(node.cursor, 'roles')).flatMap((role) => {
    const word = text(role);
    if (word === undefined) return [];
    if (seen.has(word)) return [problemAt(role, `${JSON.stringify(word)} is there twice`)];
    seen.add(word);
    return [];
  });
}
