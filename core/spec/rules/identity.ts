import { at, problemAt, text } from '../cursor.js';
import type { Rule } from './rule.js';

/** The document is about the cluster that the URL names. */
export const identityRule: Rule = (root, context) => {
  const project = at(root, 'metadata', 'project');
  const name = at(root, 'metadata', 'name');
  const givenProject = text(project);
  const givenName = text(name);
  return [
    ...(givenProject === undefined || givenProject === context.project
      ? []
      : [
          problemAt(
            project,
            `${JSON.stringify(givenProject)} is not the project of the URL, ${JSON.stringify(context.project)}: make them the same`,
          ),
        ]),
    ...(context.name === undefined || givenName === undefined || givenName === context.name
      ? []
      : [
          problemAt(
            name,
            `${JSON.stringify(givenName)} is not the cluster of the URL, ${JSON.stringify(context.name)}: a cluster cannot be renamed`,
          ),
        ]),
  ];
};
