import { privateInterface } from './network.js';
import type { ClusterCheck, PreflightFinding, PreflightInput, PreflightNode } from './types.js';

type Trait = Pick<PreflightFinding, 'check' | 'fix'> & {
  wanted: string;
  of(node: PreflightNode): string | undefined;
};

const TRAITS: readonly Trait[] = [
  {
    check: 'unique-hostname',
    wanted: 'a hostname of its own',
    fix: 'rename the machine: hostnamectl set-hostname',
    of: ({ facts }) => facts.hostname?.toLowerCase(),
  },
  {
    check: 'unique-machine-id',
    wanted: 'a machine-id of its own',
    fix: 'the machine is a clone: empty /etc/machine-id, then run systemd-machine-id-setup',
    of: ({ facts }) => facts.machineId,
  },
  {
    check: 'unique-mac',
    wanted: "a MAC of its own on the privateIP's interface",
    fix: "the machine is a clone: give its interface a new MAC in the hypervisor's settings",
    of: (node) => privateInterface(node)?.mac?.toLowerCase(),
  },
  {
    check: 'unique-private-ip',
    wanted: 'a privateIP of its own',
    fix: 'correct privateIP in the spec',
    of: ({ node }) => node.privateIP,
  },
  {
    check: 'unique-boot',
    wanted: 'a machine of its own',
    fix: 'two nodes of the spec reach the same machine: correct ssh.ipAddress',
    of: ({ facts }) => facts.bootId,
  },
];

/** No two nodes share what must be a machine's own. */
export const uniqueTraits: ClusterCheck = (input) =>
  TRAITS.flatMap((trait) =>
    sharedBy(input, (node) => trait.of(node)).map(({ node, value, others }) => ({
      node: node.node.hostname,
      check: trait.check,
      severity: 'error' as const,
      found: `${value}, as on ${others.join(', ')}`,
      wanted: trait.wanted,
      fix: trait.fix,
    })),
  );

/** Firmware that has no number of its own says one of these. */
const NO_UUID =
  /^(0{8}-|f{8}-f{4}-|03000200-0400-0500-0006-000700080009|12345678-)|not|none|default|to be filled/i;

/** Only a hint: containers share their host's number, and cheap firmware makes one up for all. */
export const uniqueProductUuid: ClusterCheck = (input) =>
  sharedBy(input, ({ facts }) =>
    facts.productUuid === undefined || NO_UUID.test(facts.productUuid)
      ? undefined
      : facts.productUuid.toLowerCase(),
  )
    .filter(({ node }) => !CONTAINERS.has(node.facts.virtualization ?? ''))
    .map(({ node, value, others }) => ({
      node: node.node.hostname,
      check: 'unique-product-uuid',
      severity: 'warning',
      found: `${value}, as on ${others.join(', ')}`,
      wanted: 'a product_uuid of its own',
      fix: "the machine may be a clone: give it a new UUID in the hypervisor's settings",
    }));

const CONTAINERS: ReadonlySet<string> = new Set(['systemd-nspawn', 'docker', 'podman', 'lxc']);

interface Shared {
  node: PreflightNode;
  value: string;
  others: string[];
}

function sharedBy(
  { nodes }: PreflightInput,
  traitOf: (node: PreflightNode) => string | undefined,
): Shared[] {
  const groups = new Map<string, PreflightNode[]>();
  for (const node of nodes) {
    const value = traitOf(node);
    if (value !== undefined && value !== '') {
      groups.set(value, [...(groups.get(value) ?? []), node]);
    }
  }
  return [...groups].flatMap(([value, members]) =>
    members.length < 2
      ? []
      : members.map((node) => ({
          node,
          value,
          others: members.filter((each) => each !== node).map(({ node: spec }) => spec.hostname),
        })),
  );
}
