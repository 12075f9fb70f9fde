import type { NodeCheck } from './types.js';

const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** A DNS name as RFC 1123 has it, which a node's name must be: no underscore, lower case. */
export function isRfc1123(name: string): boolean {
  return name.length <= 253 && name.split('.').every((label) => LABEL.test(label));
}

/** The machine's own name is one the kubelet and certificates can live with, and the spec's. */
export const hostname: NodeCheck = ({ node, facts }) => {
  const found = facts.hostname;
  if (found === undefined) return [];
  if (!isRfc1123(found.toLowerCase())) {
    return [
      {
        check: 'hostname',
        severity: 'error',
        found,
        wanted: 'letters, digits and hyphens (RFC 1123)',
        fix: `hostnamectl set-hostname ${node.hostname}`,
      },
    ];
  }
  if (found.toLowerCase() === node.hostname.toLowerCase()) return [];
  return [
    {
      check: 'hostname',
      severity: 'warning',
      found,
      wanted: node.hostname,
      fix: `the node is called ${node.hostname} in the cluster; hostnamectl set-hostname makes both the same`,
    },
  ];
};
