import { compareMinors, minorOf } from '../../core/matrix.js';
import { KERNEL_MODULES, PORTS } from './thresholds.js';
import { isControlPlane } from './capacity.js';
import type { NodeCheck } from './types.js';

export const packageLock: NodeCheck = ({ facts }) =>
  facts.packageLockHolder === undefined
    ? []
    : [
        {
          check: 'package-lock',
          severity: 'error',
          found: `held by ${facts.packageLockHolder}`,
          wanted: 'a free package manager',
          fix: 'wait until it is done (cloud-init and unattended upgrades take minutes), then retry',
        },
      ];

/** From 1.35 on the kubelet refuses cgroup v1 unless told otherwise, which we do. */
export const cgroups: NodeCheck = ({ facts }, { spec }) =>
  facts.cgroupVersion === 1 &&
  compareMinors(minorOf(spec.config.kubernetesVersion) ?? '0.0', '1.35') >= 0
    ? [
        {
          check: 'cgroup',
          severity: 'warning',
          found: 'cgroup v1',
          wanted: 'cgroup v2 from Kubernetes 1.35 on',
          fix: 'boot with systemd.unified_cgroup_hierarchy=1; until then the kubelet runs with failCgroupV1: false',
        },
      ]
    : [];

export const kernelModules: NodeCheck = ({ facts }) =>
  KERNEL_MODULES.filter(({ name }) => facts.modules?.[name] === 'missing').map(({ name, use }) => ({
    check: 'kernel-module',
    severity: 'error',
    found: `${name} is neither loaded, built in nor loadable`,
    wanted: `${name}, for ${use}`,
    fix: `install the kernel's modules package, or a kernel that has ${name}`,
  }));

/** We leave a person's firewall alone, so a person must open it. */
export const firewall: NodeCheck = (machine) => {
  const ports = PORTS.filter(
    ({ port, controlPlaneOnly }) =>
      REACHED_FROM_OUTSIDE.includes(port) && (!controlPlaneOnly || isControlPlane(machine)),
  ).map(({ port, protocol }) => `${String(port)}/${protocol}`);
  return (machine.facts.firewalls ?? []).map((name) => ({
    check: 'firewall',
    severity: 'warning',
    found: `${name} is active`,
    wanted: `open between the nodes: ${ports.join(', ')}`,
    fix: `open these ports in ${name} for the other nodes, or switch it off`,
  }));
};

const REACHED_FROM_OUTSIDE: readonly number[] = [6443, 2379, 2380, 10250, 4789];
