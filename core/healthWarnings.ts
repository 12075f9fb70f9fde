import { unreadSince } from './certificates.js';
import type { ClusterHealth, MachineObservation, NodeHealth, NodeObservation } from './health.js';

/** Days before a certificate's end that are worth a word. */
const EXPIRY_DAYS = 14;
const DAY_MS = 86_400_000;
/** kubelet begins to evict pods at 85 % (nodefs.available<15%). */
const FULL_PERCENT = 85;

export function isFull({ usedPercent }: { usedPercent: number }): boolean {
  return usedPercent >= FULL_PERCENT;
}

/** Or has ended. `expiresAt`: RFC 3339. */
export function endsSoon(expiresAt: string, now: Date): boolean {
  return Date.parse(expiresAt) - now.getTime() < EXPIRY_DAYS * DAY_MS;
}

export interface WarningsInput {
  health: Pick<ClusterHealth, 'failures' | 'lookedAt' | 'seenAt'>;
  nodes: readonly NodeHealth[];
  /** Of the spec. */
  wanted: readonly {
    hostname: string;
    /** Left out by a node that comes by the installer command. */
    privateIP?: string;
  }[];
  /** What the cluster runs. */
  version?: string;
  now: Date;
}

/** What a person should see to before it breaks something, each in words: none of it makes a cluster less than Ready. */
export function healthWarnings({ health, nodes, wanted, version, now }: WarningsInput): string[] {
  const specs = new Map(wanted.map((node) => [node.hostname, node]));
  const seen = health.seenAt === health.lookedAt;
  return [
    ...(seen
      ? health.failures.map(
          ({ message }) => `the cluster cannot be looked at through it: ${message}`,
        )
      : []),
    ...nodes.flatMap(({ hostname, node, machine }) => [
      ...(node === undefined ? [] : nodeWarnings(node, specs.get(hostname), version)),
      ...(machine === undefined ? [] : machineWarnings(hostname, machine, now)),
    ]),
  ];
}

function nodeWarnings(
  { hostname, pressures, cordoned, version: running, addresses }: NodeObservation,
  wanted: WarningsInput['wanted'][number] | undefined,
  version: string | undefined,
): string[] {
  if (wanted === undefined) return [`the node ${hostname} is not in the spec`];
  const { privateIP = '' } = wanted;
  const away = privateIP !== '' && addresses.length > 0 && !addresses.includes(privateIP);
  const other = version !== undefined && running !== version;
  return [
    ...pressures.map((pressure) => `${hostname} reports ${pressure}`),
    ...(cordoned ? [`${hostname} is cordoned: no pods are scheduled on it`] : []),
    ...(other ? [`${hostname} runs ${running}, the cluster ${version}`] : []),
    ...(away ? [`${hostname} is at ${addresses.join(', ')}, in the spec at ${privateIP}`] : []),
  ];
}

function machineWarnings(
  hostname: string,
  { observedAt, certificatesExpireAt, disks, drift }: MachineObservation,
  now: Date,
): string[] {
  return [
    ...(new Date(observedAt) < unreadSince(now)
      ? [`${hostname} was last asked on ${observedAt}: certificates, disks and drift are of then`]
      : []),
    ...(certificatesExpireAt === undefined ? [] : expiry(hostname, certificatesExpireAt, now)),
    ...disks
      .filter(isFull)
      .map(({ path, usedPercent }) => `${path} of ${hostname} is ${usedPercent} % full`),
    ...drift.map((words) => `${hostname}: ${words}`),
  ];
}

function expiry(hostname: string, expiresAt: string, now: Date): string[] {
  if (Date.parse(expiresAt) === 0) return [`a certificate of ${hostname} cannot be read`];
  if (!endsSoon(expiresAt, now)) return [];
  const verb = Date.parse(expiresAt) < now.getTime() ? 'have expired' : 'expire';
  return [`certificates of ${hostname} ${verb} on ${expiresAt}`];
}
