import { describe } from 'vitest';
import { set } from '../../../test/fixtures/change.js';
import { ruleTable } from '../../../test/fixtures/ruleTable.js';

describe('sharing', () => {
  const sharing = (enabled: boolean, ...names: string[]) =>
    set('spec.sharing', { enabled, projects: names.map((name) => ({ name })) });
  ruleTable([
    {
      title: 'with nobody',
      bad: sharing(true),
      path: 'spec.sharing.projects',
      says: 'name the projects that may read the cluster, or "*" for all',
      good: sharing(true, '*'),
    },
    {
      title: 'with a project twice',
      bad: sharing(true, 'team-a', 'team-a'),
      path: 'spec.sharing.projects[1].name',
      says: '"team-a" is there twice',
      good: sharing(true, 'team-a', 'team-b'),
    },
    {
      title: "with the cluster's own project",
      bad: sharing(true, 'defaultproject'),
      path: 'spec.sharing.projects[0].name',
      says: "is the cluster's own project",
      good: sharing(false),
    },
    {
      title: 'with a project that there is not',
      bad: sharing(true, 'team-c'),
      context: { projects: new Set(['team-a', 'team-b']) },
      path: 'spec.sharing.projects[0].name',
      says: 'there is no project "team-c"; did you mean',
      good: sharing(true, 'team-a'),
    },
  ]);
});
