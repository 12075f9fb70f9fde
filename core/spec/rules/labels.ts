import type { Problem } from '../../errors.js';
import { at, items, members, problemAt, text, type Cursor } from '../cursor.js';
import { labelKeyProblem, labelValueProblem } from '../labelSyntax.js';
import { MAX_ANNOTATIONS_BYTES } from '../limits.js';
import { nodesOf } from '../nodeView.js';
import type { Rule } from './rule.js';

/** Set by the kubelet, by kubeadm, or by us from the roles: a spec that sets them too would fight with those. */
const OWNED_LABELS: ReadonlySet<string> = new Set([
  'kubernetes.io/arch',
  'kubernetes.io/hostname',
  'kubernetes.io/os',
  'beta.kubernetes.io/arch',
  'beta.kubernetes.io/os',
  'node-role.kubernetes.io/control-plane',
  'node-role.kubernetes.io/storage',
  'node-role.kubernetes.io/worker',
]);
const OUR_PREFIX = 'plinth.io/';
const OWNED_ANNOTATION_PREFIXES = [
  OUR_PREFIX,
  'kubeadm.alpha.kubernetes.io/',
  'projectcalico.org/',
];
const OWNED_TAINT = 'node-role.kubernetes.io/control-plane';
const OWNED_TAINT_PREFIX = 'node.kubernetes.io/';

/** Labels, taints and annotations are what the Kubernetes API takes, and not somebody else's. */
export const labelsRule: Rule = (root) => {
  const metadata = at(root, 'metadata');
  const location = at(root, 'spec', 'config', 'location');
  return [
    ...labelSyntax(at(metadata, 'labels')),
    ...annotations(at(metadata, 'annotations')),
    ...valueProblem(location),
    ...nodesOf(root).flatMap(({ cursor }) => [
      ...labelSyntax(at(cursor, 'labels')),
      ...ownedLabels(at(cursor, 'labels')),
      ...annotations(at(cursor, 'annotations')),
      ...ownedAnnotations(at(cursor, 'annotations')),
      ...taints(at(cursor, 'taints')),
    ]),
  ];
};

/** Also of selectors: keys and values as labels have them. */
export function labelSyntax(labels: Cursor): Problem[] {
  return members(labels).flatMap((label) => [
    ...keyProblem(label, label.key),
    ...valueProblem(label),
  ]);
}

export function keyProblem(cursor: Cursor, key: string | undefined): Problem[] {
  const problem = key === undefined ? undefined : labelKeyProblem(key);
  return problem === undefined ? [] : [problemAt(cursor, problem)];
}

export function valueProblem(cursor: Cursor): Problem[] {
  const value = text(cursor);
  const problem = value === undefined ? undefined : labelValueProblem(value);
  return problem === undefined ? [] : [problemAt(cursor, problem)];
}

function ownedLabels(labels: Cursor): Problem[] {
  return members(labels)
    .filter(({ key }) => OWNED_LABELS.has(key) || key.startsWith(OUR_PREFIX))
    .map((label) =>
      problemAt(
        label,
        `${label.key} follows from the node and its roles and cannot be set: leave it out`,
      ),
    );
}

function annotations(cursor: Cursor): Problem[] {
  const all = members(cursor);
  const bytes = all.reduce(
    (sum, { key, value }) => sum + utf8(key) + utf8(typeof value === 'string' ? value : ''),
    0,
  );
  return [
    ...(bytes > MAX_ANNOTATIONS_BYTES
      ? [
          problemAt(
            cursor,
            `annotations take ${bytes} bytes: Kubernetes allows ${MAX_ANNOTATIONS_BYTES} on one object`,
          ),
        ]
      : []),
    ...all.flatMap((annotation) => keyProblem(annotation, annotation.key)),
  ];
}

function ownedAnnotations(cursor: Cursor): Problem[] {
  return members(cursor)
    .filter(({ key }) => OWNED_ANNOTATION_PREFIXES.some((prefix) => key.startsWith(prefix)))
    .map((each) =>
      problemAt(
        each,
        `${each.key} is kept by plinth, kubeadm or Calico and cannot be set: leave it out`,
      ),
    );
}

function taints(cursor: Cursor): Problem[] {
  const seen = new Set<string>();
  return items(cursor).flatMap((taint) => {
    const keyCursor = at(taint, 'key');
    const key = text(keyCursor);
    const same = `${key ?? ''} ${text(at(taint, 'effect')) ?? ''}`;
    const repeated = key !== undefined && seen.has(same);
    seen.add(same);
    return [
      ...keyProblem(keyCursor, key),
      ...valueProblem(at(taint, 'value')),
      ...ownedTaint(keyCursor, key ?? ''),
      ...(repeated
        ? [problemAt(taint, `there is a taint ${same} already: a node has one of a key and effect`)]
        : []),
    ];
  });
}

function ownedTaint(cursor: Cursor, key: string): Problem[] {
  if (key === OWNED_TAINT) {
    return [
      problemAt(
        cursor,
        `${key} follows from the roles: a ControlPlane that is no Worker has it; leave it out`,
      ),
    ];
  }
  if (!key.startsWith(OWNED_TAINT_PREFIX)) return [];
  return [problemAt(cursor, `${key} is kept by Kubernetes itself and cannot be set: leave it out`)];
}

function utf8(value: string): number {
  return new TextEncoder().encode(value).length;
}
