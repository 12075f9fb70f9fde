import { describe } from 'vitest';
import { set } from '../../test/fixtures/change.js';
import { ruleTable } from '../../test/fixtures/ruleTable.js';

describe('what plinth does not act on yet', () => {
  ruleTable([
    {
      title: 'Cilium',
      bad: set('spec.config.network.cni.name', 'cilium'),
      path: 'spec.config.network.cni.name',
      says: 'Cilium is not supported yet: use "Calico"',
    },
  ]);
});
