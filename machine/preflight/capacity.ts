import { Role } from '../../core/words.js';
import { THRESHOLDS } from './thresholds.js';
import type { NodeCheck, PreflightNode } from './types.js';

export const isControlPlane = ({ node }: PreflightNode): boolean =>
  node.roles.includes(Role.ControlPlane);

export const cpus: NodeCheck = (machine) => {
  const wanted = isControlPlane(machine) ? THRESHOLDS.controlPlane.cpus : THRESHOLDS.worker.cpus;
  const found = machine.facts.cpus;
  return found === undefined || found >= wanted
    ? []
    : [
        {
          check: 'cpu',
          severity: 'error',
          found: `${String(found)} CPUs`,
          wanted: `at least ${String(wanted)}`,
          fix: 'give the machine more CPUs, or make it a worker',
        },
      ];
};

export const memory: NodeCheck = (machine) => {
  const wanted = isControlPlane(machine)
    ? THRESHOLDS.controlPlane.memoryBytes
    : THRESHOLDS.worker.memoryBytes;
  const found = machine.facts.memoryBytes;
  return found === undefined || found >= wanted
    ? []
    : [
        {
          check: 'memory',
          severity: 'error',
          found: mebibytes(found),
          wanted: `at least ${mebibytes(wanted)}`,
          fix: 'give the machine more memory',
        },
      ];
};

/** Free space where images and containers go: a file system of its own where there is one. */
export const diskSpace: NodeCheck = ({ facts }, { clusterId }) => {
  const { path, freeBytes, freeBytesWhenOurs } = THRESHOLDS.disk;
  const wanted = facts.ownerClusterId === clusterId ? freeBytesWhenOurs : freeBytes;
  const disk =
    facts.disks?.find((each) => each.path === '/var/lib/containerd') ??
    facts.disks?.find((each) => each.path === path);
  return disk === undefined || disk.freeBytes >= wanted
    ? []
    : [
        {
          check: 'disk',
          severity: 'error',
          found: `${gigabytes(disk.freeBytes)} free on ${disk.path}`,
          wanted: `at least ${gigabytes(wanted)}`,
          fix: `free space on ${disk.path} or enlarge its file system`,
        },
      ];
};

function mebibytes(bytes: number): string {
  return `${String(Math.floor(bytes / 1024 / 1024))} MiB`;
}

export function gigabytes(bytes: number): string {
  return `${(Math.floor(bytes / 1e8) / 10).toFixed(1)} GB`;
}
