import { describe } from 'vitest';
import { nothing, set, unset } from '../../../test/fixtures/change.js';
import { ruleTable } from '../../../test/fixtures/ruleTable.js';

describe('identity', () => {
  ruleTable([
    {
      title: 'the project is that of the URL',
      bad: set('metadata.project', 'other'),
      path: 'metadata.project',
      says: '"other" is not the project of the URL, "defaultproject"',
      good: unset('metadata.project'),
    },
    {
      title: 'the name is that of the URL',
      context: { name: 'demo-cluster' },
      bad: set('metadata.name', 'demo'),
      path: 'metadata.name',
      says: 'a cluster cannot be renamed',
      good: nothing,
    },
  ]);
});
