import { expect, test } from 'vitest';

import { appliedState } from './appliedState.js';
import type { NodeRecord } from './records.js';
import type { StepName } from './steps.js';

const record = { applied: { initialised: true, created: true } };

test.each<[StepName, boolean]>([
  ['kubeadm-init', true],
  ['kubeadm-join-control-plane', true],
  ['etcd-restore', true],
  ['control-plane-restore', true],
  ['kubeadm-join', false],
  ['drain', false],
])('a node where %s has begun was a control plane, whatever its spec says now: %s', (step, is) => {
  const steps = { [step]: { state: 'failed' } };
  const node = { hostname: 'm2', spec: { roles: ['Worker'] }, steps } as unknown as NodeRecord;
  const [known] = appliedState({ record, nodes: [node] }).nodes;
  expect(known?.wasControlPlane === true).toBe(is);
});
