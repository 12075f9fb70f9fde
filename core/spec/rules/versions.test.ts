import { describe } from 'vitest';
import { all, merge, set } from '../../../test/fixtures/change.js';
import { ruleTable } from '../../../test/fixtures/ruleTable.js';

describe('versions', () => {
  const seed = merge('spec.config', { kubernetesVersion: 'v1.28.9' });
  ruleTable([
    {
      title: 'an old Kubernetes',
      bad: set('spec.config.kubernetesVersion', 'v1.27.16'),
      path: 'spec.config.kubernetesVersion',
      says: 'Kubernetes v1.27.16 is not supported: any patch of 1.28 to 1.35 is',
      good: set('spec.config.kubernetesVersion', 'v1.35.4'),
    },
    {
      title: 'Calico outside the matrix',
      bad: set('spec.config.network.cni.version', '3.26.1'),
      path: 'spec.config.network.cni.version',
      says: 'Calico 3.26.1 does not go with Kubernetes v1.34.4: use 3.31.x or 3.32.x or 3.28.5',
      good: all(seed, set('spec.config.network.cni.version', '3.26.1')),
    },
    {
      title: 'a platform version that there is not',
      bad: set('spec.config.platformVersion', 'v9.0.0'),
      path: 'spec.config.platformVersion',
      says: 'platform version "v9.0.0" is not known: use v1.0.0, or leave it out for v1.0.0',
      good: set('spec.config.platformVersion', 'v1.0.0'),
    },
    {
      title: 'Cilium, by name',
      bad: set('spec.config.network.cni', { name: 'Cilium', version: '1.16.0' }),
      path: 'spec.config.network.cni.name',
      says: 'Cilium is not supported yet: use "Calico"',
    },
    {
      title: 'Calico in another spelling',
      bad: set('spec.config.network.cni.name', 'calico'),
      path: 'spec.config.network.cni.name',
      says: '"calico" is not supported: use "Calico"',
    },
    {
      title: 'another CNI',
      bad: set('spec.config.network.cni.name', 'Flannel'),
      path: 'spec.config.network.cni.name',
      says: '"Flannel" is not supported: use "Calico"',
    },
    {
      title: 'an operating system in another spelling',
      bad: set('spec.config.nodes[1].operatingSystem', 'debian-12'),
      path: 'spec.config.nodes[1].operatingSystem',
      says: /is not supported: use one of Ubuntu20\.04, .*; did you mean "Debian12"\?/,
      good: set('spec.config.nodes[1].operatingSystem', 'Rocky9'),
    },
    {
      title: 'an operating system that nobody has heard of',
      bad: set('spec.config.nodes[1].operatingSystem', 'Plan9'),
      path: 'spec.config.nodes[1].operatingSystem',
      says: '"Plan9" is not supported: use one of',
    },
    {
      title: 'an operating system that is too old for this Kubernetes',
      bad: set('spec.config.nodes[1].operatingSystem', 'RHEL8'),
      path: 'spec.config.nodes[1].operatingSystem',
      says: 'RHEL8 goes up to Kubernetes 1.31: its kernel is 4.18 and 1.32 needs 4.19',
      good: all(
        seed,
        set('spec.config.network.cni.version', '3.27.3'),
        set('spec.config.nodes[1].operatingSystem', 'RHEL8'),
      ),
    },
  ]);
});
