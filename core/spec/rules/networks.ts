import type { Problem } from '../../errors.js';
import { contains, hasHostBits, overlap, parseAddress, parseCidr, type Cidr } from '../cidr.js';
import { at, isGiven, items, problemAt, text, type Cursor } from '../cursor.js';
import { MAX_NAMESERVERS, NODE_PREFIX } from '../limits.js';
import { nodesOf } from '../nodeView.js';
import type { Rule } from './rule.js';

interface Range {
  cursor: Cursor;
  /** `podSubnet`, `ipv6.serviceSubnet`, … */
  name: string;
  kind: 'pod' | 'service';
  cidr: Cidr;
}

/** Addresses that no pod, service or machine can have. */
export const RESERVED = ['0.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16', '224.0.0.0/4', '240.0.0.0/4']
  .concat('::/127', 'fe80::/10', 'ff00::/8')
  .flatMap((range) => parseCidr(range) ?? []);

/**
 * Prefix lengths that Kubernetes takes. Services: kubeadm asks for ten addresses, the API server for at most 2^20.
 * Pods: the controller manager refuses more than 16 bits between the range and a node's block.
 */
const PREFIXES = {
  pod: { ipv4: { from: 8, to: NODE_PREFIX.ipv4 }, ipv6: { from: 48, to: NODE_PREFIX.ipv6 } },
  service: { ipv4: { from: 12, to: 28 }, ipv6: { from: 108, to: 124 } },
} as const;

/** Ranges are well formed and large enough, and no two of them, nor a machine, meet. */
export const networksRule: Rule = (root) => {
  const network = at(root, 'spec', 'config', 'network');
  const nodes = nodesOf(root);
  const ranges = rangesOf(network);
  const machines = nodes.flatMap(({ cursor }) => [
    at(cursor, 'privateIP'),
    at(cursor, 'ssh', 'ipAddress'),
  ]);
  return [
    ...ranges.flatMap((range) => shape(range, nodes.length)),
    ...overlaps(ranges),
    ...pair(at(network, 'ipv6')),
    ...machines.flatMap((address) => outside(address, ranges, 'is an address of a machine')),
    ...nodes.flatMap(({ cursor }) => usable(at(cursor, 'privateIP'))),
    ...nameservers(at(network, 'nameservers'), ranges),
  ];
};

/** The ranges of the spec that are ranges. */
export function rangesOf(network: Cursor): Range[] {
  const places = [
    { keys: ['podSubnet'], kind: 'pod', family: 'ipv4' },
    { keys: ['serviceSubnet'], kind: 'service', family: 'ipv4' },
    { keys: ['ipv6', 'podSubnet'], kind: 'pod', family: 'ipv6' },
    { keys: ['ipv6', 'serviceSubnet'], kind: 'service', family: 'ipv6' },
  ] as const;
  return places.flatMap(({ keys, kind, family }) => {
    const cursor = at(network, ...keys);
    const cidr = parseCidr(text(cursor) ?? '');
    return cidr?.family === family ? [{ cursor, name: keys.join('.'), kind, cidr }] : [];
  });
}

function shape({ cursor, kind, cidr }: Range, nodes: number): Problem[] {
  if (hasHostBits(cidr)) {
    return [
      problemAt(cursor, `${cidr.text} has bits set after its prefix: write ${cidr.canonical}`),
    ];
  }
  const reserved = RESERVED.find((each) => overlap(each, cidr));
  if (reserved) {
    return [problemAt(cursor, `${cidr.text} meets ${reserved.text}, which is reserved`)];
  }
  const { from, to } = PREFIXES[kind][cidr.family];
  if (cidr.prefix < from) {
    return [problemAt(cursor, `${cidr.text} is too large: /${from} at most`)];
  }
  if (cidr.prefix > to) {
    return [problemAt(cursor, `${cidr.text} is too small: /${to} at least`)];
  }
  return kind === 'pod' ? room(cursor, cidr, nodes) : [];
}

function room(cursor: Cursor, cidr: Cidr, nodes: number): Problem[] {
  const block = NODE_PREFIX[cidr.family];
  if (2 ** (block - cidr.prefix) >= nodes) return [];
  const wanted = block - Math.ceil(Math.log2(nodes));
  return [
    problemAt(
      cursor,
      `${cidr.text} has room for ${2 ** (block - cidr.prefix)} nodes of a /${block} each, and there are ${nodes}: make it /${wanted} or larger`,
    ),
  ];
}

function overlaps(ranges: Range[]): Problem[] {
  return ranges.flatMap((range, index) =>
    ranges
      .slice(0, index)
      .filter((other) => overlap(other.cidr, range.cidr))
      .map((other) =>
        problemAt(
          range.cursor,
          `${range.cidr.text} overlaps ${other.name} ${other.cidr.text}: pods, services and machines need ranges of their own`,
        ),
      ),
  );
}

function pair(ipv6: Cursor): Problem[] {
  if (!isGiven(ipv6)) return [];
  return ['podSubnet', 'serviceSubnet']
    .map((key) => at(ipv6, key))
    .filter((cursor) => !isGiven(cursor))
    .map((cursor) =>
      problemAt(
        cursor,
        'is missing: dual-stack takes an IPv6 range for pods and one for services, or no ipv6 at all',
      ),
    );
}

function outside(cursor: Cursor, ranges: Range[], what: string): Problem[] {
  const address = parseAddress(text(cursor) ?? '');
  if (address === undefined) return [];
  return ranges
    .filter(({ cidr }) => contains(cidr, address))
    .map(({ name, cidr }) =>
      problemAt(
        cursor,
        `${String(cursor.value)} ${what} and lies in ${name} ${cidr.text}: choose a ${name} that holds no machine`,
      ),
    );
}

function usable(cursor: Cursor): Problem[] {
  const address = parseAddress(text(cursor) ?? '');
  const reserved = address && RESERVED.find((range) => contains(range, address));
  if (reserved === undefined) return [];
  return [
    problemAt(
      cursor,
      `${String(cursor.value)} lies in ${reserved.text}, which other machines cannot reach: give the address on the network that the nodes share`,
    ),
  ];
}

function nameservers(cursor: Cursor, ranges: Range[]): Problem[] {
  const servers = items(cursor);
  const seen = new Set<string>();
  return [
    ...(servers.length > MAX_NAMESERVERS
      ? [
          problemAt(
            cursor,
            `has ${servers.length} entries: resolvers read only the first ${MAX_NAMESERVERS}`,
          ),
        ]
      : []),
    ...servers.flatMap((server) => {
      const value = text(server);
      if (value === undefined) return [];
      if (seen.has(value)) return [problemAt(server, `${value} is there twice`)];
      seen.add(value);
      return outside(server, ranges, 'is a nameserver of the machines');
    }),
  ];
}
