import type { Problem } from '../../errors.js';
import { didYouMean } from '../closest.js';
import { at, isGiven, isTrue, items, problemAt, text, type Cursor } from '../cursor.js';
import type { ParseContext } from '../parseContext.js';
import { EVERY_PROJECT } from '../../sharing.js';
import type { Rule } from './rule.js';

/** A cluster is shared with projects that there are, each once, and never with its own. */
export const sharingRule: Rule = (root, context) => {
  const sharing = at(root, 'spec', 'sharing');
  const projects = at(sharing, 'projects');
  const names = items(projects).map((project) => at(project, 'name'));
  return [
    ...(isTrue(at(sharing, 'enabled')) && names.length === 0 && !hasWrongType(projects)
      ? [
          problemAt(
            projects,
            `are missing: name the projects that may read the cluster, or "${EVERY_PROJECT}" for all`,
          ),
        ]
      : []),
    ...nameProblems(names, context),
  ];
};

/** The schema says that already. */
function hasWrongType(cursor: Cursor): boolean {
  return isGiven(cursor) && !Array.isArray(cursor.value);
}

function nameProblems(names: Cursor[], { project, projects }: ParseContext): Problem[] {
  const seen = new Set<string>();
  return names.flatMap((cursor) => {
    const name = text(cursor);
    if (name === undefined || name === '') return [];
    if (seen.has(name)) return [problemAt(cursor, `${JSON.stringify(name)} is there twice`)];
    seen.add(name);
    if (name === project) {
      return [problemAt(cursor, `${JSON.stringify(name)} is the cluster's own project`)];
    }
    if (name === EVERY_PROJECT || projects === undefined || projects.has(name)) return [];
    return [
      problemAt(cursor, `there is no project ${JSON.stringify(name)}${didYouMean(name, projects)}`),
    ];
  });
}
