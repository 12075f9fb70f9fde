import { operatingSystemRow } from '../../core/matrix.js';
import type { NodeCheck, PreflightNode } from './types.js';

/**
 * Operating system and architecture are those of the spec. Whether the spec's own word is supported was asked by
 * core/spec before.
 */
export const operatingSystem: NodeCheck = ({ node, facts }) => {
  const found = facts.operatingSystem;
  if (found === undefined || found === node.operatingSystem) return [];
  const fix =
    operatingSystemRow(found) === undefined
      ? `${found} is not supported: install ${node.operatingSystem}`
      : `set operatingSystem to ${found} in the spec, or install ${node.operatingSystem}`;
  return [
    {
      check: 'operating-system',
      severity: 'error',
      found,
      wanted: node.operatingSystem,
      fix,
    },
  ];
};

export const architecture: NodeCheck = ({ node, facts }) =>
  facts.arch === undefined || facts.arch === node.arch
    ? []
    : [
        {
          check: 'architecture',
          severity: 'error',
          found: facts.arch,
          wanted: node.arch,
          fix: `set arch to ${facts.arch} in the spec`,
        },
      ];

/** The facts without which a check would pass unseen. */
const NEEDED = [
  'operatingSystem',
  'arch',
  'hostname',
  'interfaces',
  'cpus',
  'memoryBytes',
  'disks',
  'ports',
  'cgroupVersion',
  'modules',
  'nameservers',
  'defaultRoutes',
  'clockOffsetMs',
] as const satisfies readonly (keyof PreflightNode['facts'])[];

/** What could not be found out, so that nobody takes silence for a pass. */
export const unknownFacts: NodeCheck = ({ facts }) => {
  const missing = NEEDED.filter((fact) => facts[fact] === undefined);
  return missing.length === 0
    ? []
    : [
        {
          check: 'facts',
          severity: 'warning',
          found: `not known: ${missing.join(', ')}`,
          wanted: 'every fact of the machine',
          fix: 'see the output of the step facts; iproute2 and coreutils must be installed',
        },
      ];
};

export const systemd: NodeCheck = ({ facts }) =>
  facts.systemd === 'absent'
    ? [
        {
          check: 'systemd',
          severity: 'warning',
          found: 'no systemd',
          wanted: 'systemd',
          fix: 'kubelet and containerd are supervised by systemd: use a system that runs it',
        },
      ]
    : [];

export const writablePaths: NodeCheck = ({ facts }) =>
  (facts.readOnlyPaths ?? []).map((path) => ({
    check: 'writable',
    severity: 'error',
    found: `${path} is read-only`,
    wanted: `${path} can be written`,
    fix: `remount ${path} for writing; an immutable system is not supported`,
  }));
