import { describe } from 'vitest';
import { merge } from '../../../test/fixtures/change.js';
import { ruleTable } from '../../../test/fixtures/ruleTable.js';

describe('control plane', () => {
  const override = (component: string, set: object) =>
    merge('spec.config', { controlPlaneOverrides: { [component]: set } });
  const volume = { name: 'audit', hostPath: { path: '/etc/audit' } };
  const mount = { name: 'audit', mountPath: '/etc/audit', readOnly: true };
  const PATH = 'spec.config.controlPlaneOverrides';
  ruleTable([
    {
      title: 'a flag of the API server that is ours',
      bad: override('kubeApiserver', { extraArgs: { 'etcd-servers': 'x' } }),
      path: `${PATH}.kubeApiserver.extraArgs.etcd-servers`,
      says: '--etcd-servers cannot be set',
      good: override('kubeApiserver', { extraArgs: { 'audit-log-maxage': '7' } }),
    },
    {
      title: 'a flag of the controller manager that is ours',
      bad: override('kubeControllerManager', { extraArgs: { 'node-cidr-mask-size': '26' } }),
      path: `${PATH}.kubeControllerManager.extraArgs.node-cidr-mask-size`,
      says: 'it is /24',
      good: override('kubeControllerManager', { extraArgs: { 'bind-address': '0.0.0.0' } }),
    },
    {
      title: 'a flag of the scheduler that is ours',
      bad: override('kubeScheduler', { extraArgs: { kubeconfig: '/x' } }),
      path: `${PATH}.kubeScheduler.extraArgs.kubeconfig`,
      says: '--kubeconfig cannot be set',
    },
    {
      title: 'a mount without a volume',
      bad: override('kubeApiserver', { extraVolumeMounts: [mount] }),
      path: `${PATH}.kubeApiserver.extraVolumeMounts[0].name`,
      says: '"audit": no volume of this name in extraVolumes',
      good: override('kubeApiserver', { extraVolumes: [volume], extraVolumeMounts: [mount] }),
    },
    {
      title: 'a volume without a mount',
      bad: override('kubeApiserver', { extraVolumes: [volume] }),
      path: `${PATH}.kubeApiserver.extraVolumes[0].name`,
      says: '"audit": no mount of this name in extraVolumeMounts',
    },
    {
      title: 'a volume that is no path of the machine',
      bad: override('kubeApiserver', {
        extraVolumes: [{ ...volume, emptyDir: {} }],
        extraVolumeMounts: [mount],
      }),
      path: `${PATH}.kubeApiserver.extraVolumes[0].emptyDir`,
      says: 'unknown field',
    },
    {
      title: 'a path that is not absolute',
      bad: override('kubeApiserver', {
        extraVolumes: [{ name: 'audit', hostPath: { path: 'etc/audit' } }],
        extraVolumeMounts: [mount],
      }),
      path: `${PATH}.kubeApiserver.extraVolumes[0].hostPath.path`,
      says: 'is not an absolute path',
    },
    {
      title: 'a path that climbs',
      bad: override('kubeApiserver', {
        extraVolumes: [volume],
        extraVolumeMounts: [{ name: 'audit', mountPath: '/etc/../root' }],
      }),
      path: `${PATH}.kubeApiserver.extraVolumeMounts[0].mountPath`,
      says: 'without ".."',
    },
  ]);
});
