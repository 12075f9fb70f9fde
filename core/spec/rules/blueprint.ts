import { NEWEST_VERSION } from '../../blueprints.js';
import { didYouMean } from '../closest.js';
import { at, isGiven, problemAt, text } from '../cursor.js';
import type { Rule } from './rule.js';

/** The project has the blueprint, in that version. */
export const blueprintRule: Rule = (root, { blueprints, project }) => {
  const blueprint = at(root, 'spec', 'blueprint');
  const name = text(at(blueprint, 'name'));
  if (name === undefined || name === '') return [];
  const versions = blueprints.get(name);
  if (versions === undefined) {
    const known = [...blueprints.keys()];
    return [
      problemAt(
        at(blueprint, 'name'),
        `project ${project} has no blueprint ${JSON.stringify(name)}: use one of ${known.join(', ')}${didYouMean(name, known)}`,
      ),
    ];
  }
  const cursor = at(blueprint, 'version');
  const version = text(cursor);
  if (!isGiven(cursor) || version === undefined) return [];
  if (version === NEWEST_VERSION || versions.includes(version)) return [];
  return [
    problemAt(
      cursor,
      versions.length === 0
        ? `blueprint ${name} has no versions to choose from: leave version out`
        : `blueprint ${name} has no version ${JSON.stringify(version)}: use one of ${versions.join(', ')}`,
    ),
  ];
};
