import { describe } from 'vitest';
import { set } from '../../../test/fixtures/change.js';
import { ruleTable } from '../../../test/fixtures/ruleTable.js';

describe('blueprint', () => {
  ruleTable([
    {
      title: 'one that the project does not have',
      bad: set('spec.blueprint.name', 'defualt2'),
      path: 'spec.blueprint.name',
      says: 'has no blueprint "defualt2": use one of minimal, default',
      good: set('spec.blueprint.name', 'minimal'),
    },
    {
      title: 'a version of one that has none',
      bad: set('spec.blueprint.version', '1'),
      path: 'spec.blueprint.version',
      says: 'blueprint default has no versions to choose from: leave version out',
      good: set('spec.blueprint.version', 'latest'),
    },
    {
      title: 'a version that is not there',
      context: { blueprints: new Map([['default', ['1', '2']]]) },
      bad: set('spec.blueprint.version', '3'),
      path: 'spec.blueprint.version',
      says: 'blueprint default has no version "3": use one of 1, 2',
      good: set('spec.blueprint.version', '2'),
    },
  ]);
});
