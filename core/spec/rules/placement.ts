import type { Problem } from '../../errors.js';
import { at, isGiven, items, problemAt, text, type Cursor } from '../cursor.js';
import { keyProblem, labelSyntax, valueProblem } from './labels.js';
import type { Rule } from './rule.js';

/** Selectors and tolerations are what the Kubernetes API takes. */
export const placementRule: Rule = (root) => {
  const placement = at(root, 'spec', 'systemComponentsPlacement');
  return [
    ...labelSyntax(at(placement, 'nodeSelector')),
    ...items(at(placement, 'tolerations')).flatMap(tolerationProblems),
    ...items(at(placement, 'daemonSetOverride', 'tolerations')).flatMap(tolerationProblems),
  ];
};

function tolerationProblems(toleration: Cursor): Problem[] {
  const key = at(toleration, 'key');
  const value = at(toleration, 'value');
  const exists = text(at(toleration, 'operator')) === 'Exists';
  const anyKey = (text(key) ?? '') === '';
  const seconds = at(toleration, 'tolerationSeconds');
  return [
    ...(anyKey ? [] : keyProblem(key, text(key))),
    ...valueProblem(value),
    ...(anyKey && !exists
      ? [
          problemAt(
            toleration,
            'without a key tolerates everything: then operator must be "Exists"',
          ),
        ]
      : []),
    ...(exists && (text(value) ?? '') !== ''
      ? [problemAt(value, 'cannot be there with operator "Exists": leave it out, or use "Equal"')]
      : []),
    ...(isGiven(seconds) && text(at(toleration, 'effect')) !== 'NoExecute'
      ? [problemAt(seconds, 'goes only with effect "NoExecute": leave it out')]
      : []),
  ];
}
