import type { ClusterSpec, NodeSpec } from './cluster.js';

/** What a machine said of itself when the installer command ran on it, and who let it in. */
export interface Registration {
  hostname: string;
  /** Where plinth reaches it: its own address on the way to plinth. */
  address: string;
  addresses: string[];
  /** The login that the command made. */
  username: string;
  port: number;
  /** The spec's word for it: `Debian12`. */
  operatingSystem: string;
  arch: 'amd64' | 'arm64';
  /** `ssh-ed25519 AAAA…`, each kind once. */
  hostKeys: string[];
  registeredAt: string;
  approvedAt?: string;
  /** A person's key, or `autoApproveNodes`. */
  approvedBy?: string;
}

/** What a node may leave out of the spec, for its machine to say. */
export const REGISTERED_FIELDS = ['operatingSystem', 'arch', 'privateIP'] as const;

export type Registered = (typeof REGISTERED_FIELDS)[number];

/** Those of them that a node leaves out, whatever their types say. */
export function leftOut(node: NodeSpec): Registered[] {
  return REGISTERED_FIELDS.filter((field) => (node[field] as string | undefined) === undefined);
}

/** No key of the spec's opens it: its machine registers by the installer command. */
export function comesByInstaller(
  spec: Pick<ClusterSpec, 'cloudCredentials' | 'config'>,
  node: Pick<NodeSpec, 'ssh'>,
): boolean {
  return (
    node.ssh === undefined &&
    spec.config.ssh?.privateKeyPath === undefined &&
    spec.cloudCredentials === undefined
  );
}

/** Whom a cluster waits for. Both lists are sorted. */
export interface Awaited {
  unregistered: string[];
  unapproved: string[];
}

/** Nodes that work cannot begin without; undefined when there are none. */
export function awaitedNodes(
  spec: ClusterSpec,
  registrations: readonly Registration[],
): Awaited | undefined {
  const known = new Map(registrations.map((each) => [each.hostname, each]));
  const coming = spec.config.nodes.filter((node) => comesByInstaller(spec, node));
  const names = (filter: (of: Registration | undefined) => boolean): string[] =>
    coming
      .map((node) => node.hostname)
      .filter((hostname) => filter(known.get(hostname)))
      .toSorted();
  const unregistered = names((registration) => registration === undefined);
  const unapproved = names((of) => of !== undefined && of.approvedAt === undefined);
  return unregistered.length + unapproved.length === 0 ? undefined : { unregistered, unapproved };
}

/** As many hostnames as a status can hold in words. */
const IN_TEXT = 20;

/** For people: who is waited for, and what to do about it. */
export function awaitedText({ unregistered, unapproved }: Awaited): string {
  return [
    ...(unregistered.length === 0
      ? []
      : [
          `waiting for ${list(unregistered)} to register: run the command of GET …/installercmds on each`,
        ]),
    ...(unapproved.length === 0
      ? []
      : [
          `waiting for ${list(unapproved)} to be approved: POST …/nodes/{hostname}/approve for each, or apply with autoApproveNodes: true`,
        ]),
  ].join('; ');
}

function list(names: readonly string[]): string {
  const more = names.length - IN_TEXT;
  return `${names.slice(0, IN_TEXT).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** The spec as work sees it: a node that registered has the address and the login it registered with. */
export function withRegistrations(
  spec: ClusterSpec,
  registrations: readonly Registration[],
): ClusterSpec {
  if (registrations.length === 0) return spec;
  const known = new Map(registrations.map((each) => [each.hostname, each]));
  const nodes = spec.config.nodes.map((node): NodeSpec => {
    const registration = known.get(node.hostname);
    if (registration === undefined || !comesByInstaller(spec, node)) return node;
    const { address, addresses, username, port, operatingSystem, arch } = registration;
    // Nodes reach each other over IPv4, whatever way led to plinth.
    const own = [address, ...addresses].find((each) => !each.includes(':')) ?? address;
    return {
      // What the spec says stands: where the machine is another, preflight says so.
      ...{ operatingSystem, arch, privateIP: own },
      ...node,
      ssh: { ipAddress: address, username, port: String(port) },
    };
  });
  return { ...spec, config: { ...spec.config, nodes } };
}
