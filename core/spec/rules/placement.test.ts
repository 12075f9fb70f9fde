import { describe } from 'vitest';
import { merge } from '../../../test/fixtures/change.js';
import { ruleTable } from '../../../test/fixtures/ruleTable.js';

describe('placement', () => {
  const placement = (members: object) => merge('spec', { systemComponentsPlacement: members });
  const PATH = 'spec.systemComponentsPlacement';
  ruleTable([
    {
      title: 'a selector that is no label',
      bad: placement({ nodeSelector: { pool: 'a b' } }),
      path: `${PATH}.nodeSelector.pool`,
      says: "is not a label's value",
      good: placement({ nodeSelector: { pool: 'system' } }),
    },
    {
      title: 'a toleration of everything that does not say so',
      bad: placement({ tolerations: [{ effect: 'NoSchedule' }] }),
      path: `${PATH}.tolerations[0]`,
      says: 'then operator must be "Exists"',
      good: placement({ tolerations: [{ operator: 'Exists' }] }),
    },
    {
      title: 'a value that is not compared',
      bad: placement({ tolerations: [{ key: 'a', operator: 'Exists', value: 'b' }] }),
      path: `${PATH}.tolerations[0].value`,
      says: 'cannot be there with operator "Exists"',
      good: placement({ tolerations: [{ key: 'a', operator: 'Equal', value: 'b' }] }),
    },
    {
      title: 'seconds that nothing counts',
      bad: placement({ tolerations: [{ key: 'a', effect: 'NoSchedule', tolerationSeconds: 5 }] }),
      path: `${PATH}.tolerations[0].tolerationSeconds`,
      says: 'goes only with effect "NoExecute"',
      good: placement({ tolerations: [{ key: 'a', effect: 'NoExecute', tolerationSeconds: 5 }] }),
    },
    {
      title: 'a toleration of the daemon sets',
      bad: placement({ daemonSetOverride: { tolerations: [{ key: 'a b', operator: 'Exists' }] } }),
      path: `${PATH}.daemonSetOverride.tolerations[0].key`,
      says: 'is not a key',
      good: placement({ daemonSetOverride: { nodeSelectionEnabled: true } }),
    },
  ]);
});
