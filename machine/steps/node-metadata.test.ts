import { describe, expect, it } from 'vitest';

import { fixtureNode } from '../../test/fixtures/cluster.js';
import { fixtureStepContext, type ContextChange } from '../../test/fixtures/stepContext.js';
import { nodeMetadataStep } from './node-metadata.js';

function metadata(change: ContextChange): {
  objects: Record<string, { labels: Record<string, string>; annotations?: object }>;
  taints: Record<string, string[]>;
} {
  const { NODES = '', TAINTS = '' } = nodeMetadataStep.params(fixtureStepContext(change));
  const objects = NODES.split('\n').map((row) => {
    const [name = '', json = ''] = row.split('\t');
    return [name, (JSON.parse(json) as { metadata: never }).metadata] as const;
  });
  const taints = TAINTS.split('\n').map((row) => {
    const [name = '', ...rest] = row.split(' ');
    return [name, rest.filter((each) => each !== '')] as const;
  });
  return { objects: Object.fromEntries(objects), taints: Object.fromEntries(taints) };
}

describe('what is set on the node objects', () => {
  it('is what the spec says: labels, annotations, taints, roles and the location', () => {
    const { objects, taints } = metadata({
      nodes: [
        fixtureNode(1, { roles: ['ControlPlane', 'Worker'], labels: { app: 'infra' } }),
        fixtureNode(2, {
          annotations: { rack: 'b2' },
          taints: [
            { key: 'gpu', value: 'yes', effect: 'NoSchedule' },
            { key: 'slow', effect: 'PreferNoSchedule' },
          ],
        }),
      ],
      config: { location: 'sanjose-us' },
    });
    expect(objects['m1']?.labels).toEqual({
      app: 'infra',
      'node-role.kubernetes.io/worker': '',
      'plinth.io/location': 'sanjose-us',
    });
    expect(objects['m2']).toMatchObject({ annotations: { rack: 'b2' } });
    expect(taints).toEqual({ m1: [], m2: ['gpu=yes:NoSchedule', 'slow=:PreferNoSchedule'] });
  });

  it('of a Storage node is a label, and a taint where it runs nothing else', () => {
    const { objects, taints } = metadata({
      nodes: [
        fixtureNode(1, { roles: ['ControlPlane', 'Worker'] }),
        fixtureNode(2, { roles: ['Worker', 'Storage'] }),
        fixtureNode(3, { roles: ['Storage'] }),
      ],
    });
    for (const name of ['m2', 'm3']) {
      expect(objects[name]?.labels).toHaveProperty(['node-role.kubernetes.io/storage'], '');
    }
    expect(objects['m3']?.labels).not.toHaveProperty(['node-role.kubernetes.io/worker']);
    expect(taints).toEqual({
      m1: [],
      m2: [],
      m3: ['node-role.kubernetes.io/storage=:NoSchedule'],
    });
  });
});
