import { AddonType, isBuiltIn } from '../../blueprints.js';
import type { Problem } from '../../errors.js';
import { at, isGiven, items, problemAt, text, type Cursor } from '../cursor.js';

/** Which field holds an add-on's content, by its type. */
export const CONTENT_FIELD = {
  [AddonType.Manifest]: 'manifest',
  [AddonType.Kustomize]: 'files',
  [AddonType.Helm]: 'chart',
} as const;

/** Fields that only add-ons of one type have. */
const ONLY: readonly (readonly [field: string, type: AddonType])[] = [
  ['manifest', AddonType.Manifest],
  ['files', AddonType.Kustomize],
  ['chart', AddonType.Helm],
  ['values', AddonType.Helm],
  ['releaseName', AddonType.Helm],
];

/** What must hold between the fields of add-ons, whatever their contents say. */
export function addonProblems(root: Cursor): Problem[] {
  const addons = items(at(root, 'spec', 'addons'));
  return [
    ...nameProblems(at(root, 'metadata', 'name')),
    ...addons.flatMap(ownProblems),
    ...twice(addons),
  ];
}

export function addonType(addon: Cursor): AddonType | undefined {
  const type = text(at(addon, 'type'));
  return Object.values(AddonType).find((known) => known === type);
}

function nameProblems(name: Cursor): Problem[] {
  if (!isBuiltIn(text(name) ?? '')) return [];
  return [
    problemAt(name, `${text(name) ?? ''} is built in and cannot be changed: name it as spec.base`),
  ];
}

function ownProblems(addon: Cursor): Problem[] {
  const type = addonType(addon);
  if (type === undefined) return [];
  const content = at(addon, CONTENT_FIELD[type]);
  const url = at(addon, 'url');
  const problems: Problem[] = [];
  for (const [field, only] of ONLY) {
    const cursor = at(addon, field);
    if (only !== type && isGiven(cursor)) {
      problems.push(problemAt(cursor, `is for add-ons of type ${only}; this one is ${type}`));
    }
  }
  if (!isGiven(content) && !isGiven(url)) {
    problems.push(problemAt(content, 'is missing: give it, or a url'));
  }
  if (isGiven(content) && isGiven(url)) {
    problems.push(problemAt(url, `cannot be given together with ${CONTENT_FIELD[type]}`));
  }
  if (isGiven(at(addon, 'sha256')) && !isGiven(url)) {
    problems.push(problemAt(at(addon, 'sha256'), 'is the sum of what a url gives: there is none'));
  }
  if (type === AddonType.Helm && !isGiven(at(addon, 'namespace'))) {
    problems.push(problemAt(at(addon, 'namespace'), 'is missing: a release lives in a namespace'));
  }
  const wrong = urlProblem(text(url));
  return wrong === undefined ? problems : [...problems, problemAt(url, wrong)];
}

/** Why an add-on cannot be read from this URL, in words; undefined: it can. Never quotes a password. */
export function urlProblem(given: string | undefined): string | undefined {
  if (given === undefined || given === '') return undefined;
  const match = /^(https?):\/\/([^/?#]*)/i.exec(given);
  if (match === null) return 'is not an http or https URL';
  if (match[2]?.includes('@') === true) {
    return 'has a login in it, which everybody could read: serve the file without one, or give its content';
  }
  if (match[2] === '') return 'names no host';
  return undefined;
}

function twice(addons: readonly Cursor[]): Problem[] {
  const seen = new Map<string, string>();
  return addons.flatMap((addon) => {
    const cursor = at(addon, 'name');
    const name = text(cursor);
    if (name === undefined) return [];
    const first = seen.get(name);
    if (first === undefined) {
      seen.set(name, cursor.path);
      return [];
    }
    return [problemAt(cursor, `${JSON.stringify(name)} is taken already, by ${first}`)];
  });
}
