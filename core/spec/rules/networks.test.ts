import { describe } from 'vitest';
import { merge, set } from '../../../test/fixtures/change.js';
import { ruleTable } from '../../../test/fixtures/ruleTable.js';

describe('networks', () => {
  const network = (members: object) => merge('spec.config.network', members);
  ruleTable([
    {
      title: 'services do not lie in pods',
      bad: network({ serviceSubnet: '10.244.0.0/16' }),
      path: 'spec.config.network.serviceSubnet',
      says: '10.244.0.0/16 overlaps podSubnet 10.240.0.0/12',
    },
    {
      title: 'pods do not lie in services',
      bad: network({ podSubnet: '10.97.0.0/16', serviceSubnet: '10.96.0.0/12' }),
      path: 'spec.config.network.serviceSubnet',
      says: 'overlaps podSubnet 10.97.0.0/16',
      good: network({ podSubnet: '10.112.0.0/16', serviceSubnet: '10.96.0.0/12' }),
    },
    {
      title: 'host bits',
      bad: network({ podSubnet: '10.244.1.0/16' }),
      path: 'spec.config.network.podSubnet',
      says: 'has bits set after its prefix: write 10.244.0.0/16',
      good: network({ podSubnet: '10.244.0.0/16' }),
    },
    {
      title: 'a range that is none',
      bad: network({ podSubnet: '10.244.0.0/33' }),
      path: 'spec.config.network.podSubnet',
      says: 'is not an IPv4 range, such as "10.244.0.0/16"',
    },
    {
      title: 'an address that is no range',
      bad: network({ serviceSubnet: '10.96.0.0' }),
      path: 'spec.config.network.serviceSubnet',
      says: 'is not an IPv4 range',
    },
    {
      title: 'services are few enough for the API server',
      bad: network({ serviceSubnet: '10.0.0.0/11' }),
      path: 'spec.config.network.serviceSubnet',
      says: 'is too large: /12 at most',
      good: network({ serviceSubnet: '10.96.0.0/12' }),
    },
    {
      title: 'services are enough for kubeadm',
      bad: network({ serviceSubnet: '10.96.0.0/29' }),
      path: 'spec.config.network.serviceSubnet',
      says: 'is too small: /28 at least',
      good: network({ serviceSubnet: '10.96.0.0/28' }),
    },
    {
      title: 'pods of one node fit',
      bad: network({ podSubnet: '10.244.0.0/25' }),
      path: 'spec.config.network.podSubnet',
      says: 'is too small: /24 at least',
    },
    {
      title: 'every node has its block',
      bad: network({ podSubnet: '10.244.0.0/23' }),
      path: 'spec.config.network.podSubnet',
      says: '10.244.0.0/23 has room for 2 nodes of a /24 each, and there are 3: make it /22 or larger',
      good: network({ podSubnet: '10.244.0.0/22' }),
    },
    {
      title: 'pods do not have what nobody may have',
      bad: network({ podSubnet: '169.254.0.0/20' }),
      path: 'spec.config.network.podSubnet',
      says: 'meets 169.254.0.0/16, which is reserved',
    },
    {
      title: 'a machine is not among the pods',
      bad: merge('spec.config.nodes[1]', { privateIP: '10.244.7.7' }),
      path: 'spec.config.nodes[1].privateIP',
      says: '10.244.7.7 is an address of a machine and lies in podSubnet 10.240.0.0/12',
    },
    {
      title: 'a machine is not reached among the services',
      bad: set('spec.config.nodes[1].ssh.ipAddress', '10.96.0.7'),
      path: 'spec.config.nodes[1].ssh.ipAddress',
      says: 'lies in serviceSubnet 10.96.0.0/16',
      good: set('spec.config.nodes[1].ssh.ipAddress', '10.97.0.7'),
    },
    {
      title: 'a privateIP can be reached',
      bad: set('spec.config.nodes[1].privateIP', '127.0.0.1'),
      path: 'spec.config.nodes[1].privateIP',
      says: 'lies in 127.0.0.0/8, which other machines cannot reach',
    },
    {
      title: 'dual-stack has both ranges',
      bad: network({ ipv6: { podSubnet: 'fd00:10:244::/56' } }),
      path: 'spec.config.network.ipv6.serviceSubnet',
      says: 'is missing: dual-stack takes an IPv6 range for pods and one for services',
      good: network({ ipv6: { podSubnet: 'fd00:10:244::/56', serviceSubnet: 'fd00:10:96::/112' } }),
    },
    {
      title: 'dual-stack ranges do not overlap',
      bad: network({ ipv6: { podSubnet: 'fd00::/56', serviceSubnet: 'fd00::/112' } }),
      path: 'spec.config.network.ipv6.serviceSubnet',
      says: 'overlaps ipv6.podSubnet fd00::/56',
    },
    {
      title: 'dual-stack services are few enough',
      bad: network({ ipv6: { podSubnet: 'fd00::/56', serviceSubnet: 'fd01::/64' } }),
      path: 'spec.config.network.ipv6.serviceSubnet',
      says: 'is too large: /108 at most',
    },
    {
      title: 'dual-stack pods have room for every node',
      bad: network({ ipv6: { podSubnet: 'fd00::/63', serviceSubnet: 'fd01::/112' } }),
      path: 'spec.config.network.ipv6.podSubnet',
      says: 'has room for 2 nodes of a /64 each',
    },
    {
      title: 'IPv4 is not in the place of IPv6',
      bad: network({ ipv6: { podSubnet: '10.1.0.0/16', serviceSubnet: 'fd01::/112' } }),
      path: 'spec.config.network.ipv6.podSubnet',
      says: 'is not an IPv6 range',
    },
    {
      title: 'nameservers are three at most',
      bad: network({ nameservers: ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4'] }),
      path: 'spec.config.network.nameservers',
      says: 'has 4 entries: resolvers read only the first 3',
      good: network({ nameservers: ['10.0.0.1', '10.0.0.2', 'fd00::53'] }),
    },
    {
      title: 'nameservers are addresses',
      bad: network({ nameservers: ['dns.example.com'] }),
      path: 'spec.config.network.nameservers[0]',
      says: 'is not an IP address',
    },
    {
      title: 'nameservers are there once',
      bad: network({ nameservers: ['10.0.0.1', '10.0.0.1'] }),
      path: 'spec.config.network.nameservers[1]',
      says: '10.0.0.1 is there twice',
    },
    {
      title: 'nameservers are not services of the cluster',
      bad: network({ nameservers: ['10.96.0.10'] }),
      path: 'spec.config.network.nameservers[0]',
      says: 'is a nameserver of the machines and lies in serviceSubnet',
    },
  ]);
});
