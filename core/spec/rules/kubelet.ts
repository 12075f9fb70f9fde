import { AppError, type Problem } from '../../errors.js';
import { at, isRecord, problemAt, text, type Cursor } from '../cursor.js';
import { nodesOf } from '../nodeView.js';
import { OWNED_KUBELET_ARGS, OWNED_KUBELET_FIELDS } from '../ownedSettings.js';
import type { ParseContext } from '../parseContext.js';
import { extraArgsProblems } from './extraArgs.js';
import type { Rule } from './rule.js';

/** Kubelet settings of the cluster and of each node can be merged into ours. */
export const kubeletRule: Rule = (root, context) =>
  [at(root, 'spec', 'config'), ...nodesOf(root).map((node) => node.cursor)].flatMap((cursor) => [
    ...extraArgsProblems(at(cursor, 'kubeletExtraArgs'), OWNED_KUBELET_ARGS),
    ...overridesProblems(at(cursor, 'kubeletConfigurationOverrides'), context),
  ]);

/** May be there, as in a file that someone had: they say only what we know. */
const HEADER: ReadonlyMap<string, string> = new Map([
  ['apiVersion', 'kubelet.config.k8s.io/v1beta1'],
  ['kind', 'KubeletConfiguration'],
]);

function overridesProblems(cursor: Cursor, { parseYaml }: ParseContext): Problem[] {
  const yaml = text(cursor);
  if (yaml === undefined || yaml === '') return [];
  let fields: unknown;
  try {
    fields = parseYaml(yaml);
  } catch (error) {
    const [defect] = error instanceof AppError ? error.problems : [];
    const why = defect?.message ?? (error instanceof Error ? error.message : String(error));
    return [problemAt(cursor, `is not YAML: ${why.split('\n')[0] ?? ''}`)];
  }
  if (!isRecord(fields)) {
    return [
      problemAt(cursor, 'is not a YAML map of KubeletConfiguration fields, such as "maxPods: 200"'),
    ];
  }
  return Object.entries(fields).flatMap(([field, value]) => {
    const instead = OWNED_KUBELET_FIELDS.get(field);
    if (instead !== undefined) return [problemAt(cursor, `${field} cannot be set: ${instead}`)];
    const header = HEADER.get(field);
    if (header === undefined || value === header) return [];
    return [problemAt(cursor, `${field} must be ${header}, or be left out`)];
  });
}
