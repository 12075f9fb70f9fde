import { ipv4InCidr } from './ipv4.js';
import type { NetworkInterface } from '../facts.js';
import type { NodeCheck, NodeFinding, PreflightNode } from './types.js';

/** The interface that holds the node's privateIP. */
export function privateInterface({ node, facts }: PreflightNode): NetworkInterface | undefined {
  return facts.interfaces?.find(({ addresses }) => addresses.includes(node.privateIP));
}

/** The privateIP is an address of the machine, on the interface the spec names. */
export const privateAddress: NodeCheck = (machine) => {
  const { node, facts } = machine;
  if (!facts.interfaces) return [];
  const holder = privateInterface(machine);
  if (!holder) {
    const own = facts.interfaces
      .flatMap(({ addresses }) => addresses)
      .filter((address) => !isLocal(address));
    return [
      {
        check: 'private-ip',
        severity: 'error',
        found: own.length > 0 ? own.join(', ') : 'no address',
        wanted: node.privateIP,
        fix: "set privateIP to the machine's own address, or check which machine ssh.ipAddress reaches",
      },
    ];
  }
  if (node.interface === undefined || node.interface === holder.name) return [];
  return [
    {
      check: 'interface',
      severity: 'error',
      found: `${node.privateIP} is on ${holder.name}`,
      wanted: node.interface,
      fix: `set interface to ${holder.name}, or privateIP to an address of ${node.interface}`,
    },
  ];
};

const isLocal = (address: string): boolean =>
  address.startsWith('127.') || address === '::1' || address.startsWith('fe80:');

/** In a dual-stack cluster the kubelet names an IPv6 address as well, and Calico does not start without one. */
export const ipv6Address: NodeCheck = (machine, { spec }) => {
  const holder = privateInterface(machine);
  if (spec.config.network.ipv6 === undefined || holder === undefined) return [];
  if (holder.addresses.some((address) => address.includes(':') && !isLocal(address))) return [];
  return [
    {
      check: 'ipv6-address',
      severity: 'error',
      found: `no IPv6 address but a link-local one on ${holder.name}`,
      wanted: 'an IPv6 address beside the privateIP, for network.ipv6',
      fix: `give ${holder.name} an IPv6 address that the other nodes reach, or take ipv6 out of the spec`,
    },
  ];
};

/** Without a default route, traffic to service addresses has nowhere to go; with two, it may go the wrong way. */
export const defaultRoute: NodeCheck = ({ facts }) => {
  const routes = facts.defaultRoutes;
  if (!routes || routes.length === 1) return [];
  const common = { check: 'default-route', wanted: 'one default route' } as const;
  if (routes.length === 0) {
    return [
      { ...common, severity: 'error', found: 'none', fix: 'give the machine a default route' },
    ];
  }
  return [
    {
      ...common,
      severity: 'warning',
      found: routes.map((route) => `${route.gateway ?? 'direct'} on ${route.interface}`).join(', '),
      fix: 'keep the default route on one interface, or set interface in the spec',
    },
  ];
};

/** CoreDNS forwards to the machine's own name servers and does not start without one. */
export const nameserver: NodeCheck = ({ facts }, { spec }) =>
  facts.nameservers?.length === 0 && !spec.config.network.nameservers?.length
    ? [
        {
          check: 'nameserver',
          severity: 'error',
          found: 'no nameserver in /etc/resolv.conf',
          wanted: 'at least one',
          fix: 'add a nameserver to /etc/resolv.conf, or set network.nameservers in the spec',
        },
      ]
    : [];

/** No address of the machine lies in the networks of pods and services. */
export const subnetOverlap: NodeCheck = ({ facts }, { clusterId, spec }) => {
  const { podSubnet, serviceSubnet } = spec.config.network;
  const subnets = [
    { name: 'podSubnet', cidr: podSubnet },
    { name: 'serviceSubnet', cidr: serviceSubnet },
  ];
  const ours = facts.ownerClusterId === clusterId;
  return (facts.interfaces ?? []).flatMap(({ name, addresses }) =>
    // A member of this cluster has pod addresses on Calico's own links.
    ours && name.endsWith('.calico')
      ? []
      : addresses.flatMap((address) =>
          subnets
            .filter(({ cidr }) => ipv4InCidr(address, cidr))
            .map((subnet): NodeFinding => ({
              check: 'subnet-overlap',
              severity: 'error',
              found: `${address} on ${name}`,
              wanted: `no address inside ${subnet.name} ${subnet.cidr}`,
              fix: `delete the cluster, and create it with another ${subnet.name}`,
            })),
        ),
  );
};
