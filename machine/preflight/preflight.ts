import { cpus, diskSpace, memory } from './capacity.js';
import { clockSkew } from './clock.js';
import { controlPlaneEndpoint } from './endpoint.js';
import { hostname } from './hostname.js';
import { defaultRoute, ipv6Address, nameserver, privateAddress, subnetOverlap } from './network.js';
import { foreignCluster, foreignRuntime } from './ownership.js';
import { freePorts } from './ports.js';
import { cgroups, firewall, kernelModules, packageLock } from './software.js';
import { architecture, operatingSystem, systemd, unknownFacts, writablePaths } from './system.js';
import type { ClusterCheck, NodeCheck, PreflightFinding, PreflightInput } from './types.js';
import { uniqueProductUuid, uniqueTraits } from './unique.js';

export type { PreflightFinding, PreflightInput, PreflightNode } from './types.js';

const NODE_CHECKS: readonly NodeCheck[] = [
  foreignCluster,
  foreignRuntime,
  operatingSystem,
  architecture,
  hostname,
  privateAddress,
  ipv6Address,
  defaultRoute,
  nameserver,
  subnetOverlap,
  controlPlaneEndpoint,
  cpus,
  memory,
  diskSpace,
  freePorts,
  packageLock,
  cgroups,
  kernelModules,
  writablePaths,
  firewall,
  systemd,
  unknownFacts,
];

const CLUSTER_CHECKS: readonly ClusterCheck[] = [uniqueTraits, uniqueProductUuid, clockSkew];

/**
 * Every check on every node, all findings at once, in the spec's order of nodes. Swap is no finding:
 * it is switched off, and comes back when the machine is released.
 */
export function preflight(input: PreflightInput): PreflightFinding[] {
  const compared = CLUSTER_CHECKS.flatMap((check) => check(input));
  return input.nodes.flatMap((machine) => [
    ...NODE_CHECKS.flatMap((check) => check(machine, input)).map((finding) => ({
      node: machine.node.hostname,
      ...finding,
    })),
    ...compared.filter(({ node }) => node === machine.node.hostname),
  ]);
}
