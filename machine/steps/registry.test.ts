import { describe, expect, it } from 'vitest';

import { stepModules } from './registry.js';

describe('a cancel', () => {
  it('waits for the end of these steps, and stops every other one', () => {
    const finishing = stepModules.filter(({ finishes }) => finishes === true);
    expect(finishing.map(({ name }) => name)).toEqual([
      // The machine is this cluster's, and what it was like is recorded.
      'claim',
      // A package manager or a unit would be left half changed.
      'os-prepare',
      'packages',
      'container-runtime',
      'api-endpoint',
      'binaries',
      // Killed, it might leave a member of etcd that never starts.
      'kubeadm-join-control-plane',
      // Itself what a cancel has done.
      'kubeadm-undo',
      // As `binaries`, of which it is a part.
      'kubeadm-binary',
      // Static pods, or a kubelet with half of its settings.
      'kubeadm-upgrade',
      'kubelet-restart',
      'kubelet-config',
      // Of a control plane that gets its data back.
      'kubernetes-stop',
      'etcd-restore',
      'control-plane-reset',
      // A certificate and its key are two files.
      'certificates-renew',
      // A machine that is half clean is nobody's.
      'reset',
      'restore',
      'release',
    ]);
  });

  it('waits for none that may take longer than half an hour', () => {
    const finishing = stepModules.filter(({ finishes }) => finishes === true);
    expect(finishing.filter(({ timeoutSeconds }) => timeoutSeconds > 1_800)).toEqual([]);
  });
});
