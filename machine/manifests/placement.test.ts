import { describe, expect, it } from 'vitest';

import type { SystemComponentsPlacement } from '../../core/cluster.js';
import { place, type PlacedPod } from './placement.js';

const linux = { 'kubernetes.io/os': 'linux' };
const placement: SystemComponentsPlacement = {
  nodeSelector: { pool: 'system' },
  tolerations: [{ key: 'all', operator: 'Exists' }],
};
const withOverride = (override: SystemComponentsPlacement['daemonSetOverride']) => ({
  ...placement,
  daemonSetOverride: override!,
});

function placed(
  kind: string,
  by: SystemComponentsPlacement | undefined,
  everywhere = false,
): PlacedPod {
  const pod: PlacedPod = { nodeSelector: linux, tolerations: [{ key: 'own' }] };
  place(pod, { kind, everywhere }, by);
  return pod;
}
const keys = (pod: PlacedPod) => pod.tolerations?.map(({ key }) => key);

describe('where a system component runs', () => {
  it('is as upstream has it when the spec says nothing', () => {
    expect(placed('Deployment', undefined)).toEqual({
      nodeSelector: linux,
      tolerations: [{ key: 'own' }],
    });
  });

  it('adds selector and tolerations to a deployment, taking none away', () => {
    const pod = placed('Deployment', placement);
    expect(pod.nodeSelector).toEqual({ ...linux, pool: 'system' });
    expect(keys(pod)).toEqual(['own', 'all']);
  });

  it('selects nodes of a daemon set only where that is asked for', () => {
    expect(placed('DaemonSet', placement).nodeSelector).toEqual(linux);
    const selects = withOverride({ nodeSelectionEnabled: true });
    expect(placed('DaemonSet', selects).nodeSelector).toEqual({ ...linux, pool: 'system' });
  });

  it('gives a daemon set tolerations of its own instead of the common ones', () => {
    const own = withOverride({ tolerations: [{ key: 'agents', operator: 'Exists' }] });
    expect(keys(placed('DaemonSet', own))).toEqual(['own', 'agents']);
    expect(keys(placed('DaemonSet', withOverride({})))).toEqual(['own', 'all']);
  });

  it('never selects nodes of what every node needs', () => {
    const selects = withOverride({ nodeSelectionEnabled: true });
    expect(placed('DaemonSet', selects, true).nodeSelector).toEqual(linux);
  });
});
