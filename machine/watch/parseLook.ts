import { firstToEnd } from '../../core/certificates.js';
import type {
  CertificateObservation,
  EtcdMember,
  MachineObservation,
  NodeObservation,
} from '../../core/health.js';

/** What a look's rows say. */
export interface LookRows {
  /** Absent where the API server did not answer: `apiProblem` says why. */
  nodes?: NodeObservation[];
  apiProblem?: string;
  /** Absent where etcd was not asked or did not tell. */
  etcd?: EtcdMember[];
  /** Absent where it was not asked, or the answer was cut off. */
  machine?: MachineObservation;
}

/** Certificates and leases of Kubernetes live on clocks that agree. */
const CLOCK_SECONDS = 5;

/** Reads what look.sh wrote. `at` is when it was asked, `until` when it had answered; ms since the epoch. */
export function parseLook(
  stdout: string,
  of: { clusterId: string; at: number; until: number },
): LookRows {
  const rows = stdout.split('\n').map((line) => line.split('\t'));
  const all = (name: string): string[][] =>
    rows.filter(([kind]) => kind === name).map(([, ...fields]) => fields);
  const has = (name: string): boolean => rows.some(([kind]) => kind === name);
  const api = all('api')[0];
  return {
    ...(api?.[0] === 'answers' ? { nodes: all('node').flatMap(nodeOf) } : {}),
    ...(api?.[0] === 'silent' ? { apiProblem: api[1] ?? '' } : {}),
    ...(has('etcd-told') ? { etcd: all('etcd').map(memberOf) } : {}),
    ...(has('machine-told') ? { machine: machineOf(all, of) } : {}),
  };
}

function nodeOf(fields: string[]): NodeObservation[] {
  const [hostname, version, unschedulable, addresses, bad, ready, changedAt, reason, ...message] =
    fields;
  if (hostname === undefined || hostname === '') return [];
  return [
    {
      hostname,
      version: version ?? '',
      cordoned: unschedulable === 'true',
      addresses: words(addresses),
      // `Ready` is meant to be True.
      pressures: words(bad).filter((type) => type !== 'Ready' && ready === 'True'),
      ready: ready === 'True' || ready === 'False' ? ready : 'Unknown',
      ...(changedAt === undefined || changedAt === '' ? {} : { changedAt }),
      reason: reason ?? '',
      message: message.join(' ').trim(),
    },
  ];
}

function memberOf([name = '', vote, health]: string[]): EtcdMember {
  return { name, healthy: health === 'healthy', learner: vote === 'learner' };
}

function machineOf(
  all: (name: string) => string[][],
  of: { clusterId: string; at: number; until: number },
): MachineObservation {
  const owner = all('owner')[0]?.[0] ?? '';
  // Those of another cluster's machine are none of ours.
  const certificates = isOwner(owner, of.clusterId)
    ? all('certificate').flatMap(([name, expiresAt]): CertificateObservation[] =>
        name === undefined || expiresAt === undefined ? [] : [{ name, expiresAt }],
      )
    : [];
  const first = firstToEnd(certificates);
  return {
    observedAt: new Date(of.at).toISOString(),
    certificates,
    ...(first === undefined ? {} : { certificatesExpireAt: first.expiresAt }),
    disks: all('disk').map(([path = '', used, free]) => ({
      path,
      usedPercent: Number(used),
      freeMiB: Number(free),
    })),
    drift: [
      ...ownerDrift(owner, of.clusterId),
      ...all('drift').flatMap(([text]) => text ?? []),
      ...clockDrift(Number(all('clock')[0]?.[0]), of),
    ],
  };
}

function isOwner(owner: string, clusterId: string): boolean {
  return owner.includes(`"clusterId":"${clusterId}"`);
}

function ownerDrift(owner: string, clusterId: string): string[] {
  if (isOwner(owner, clusterId)) return [];
  return [owner === '' ? 'the machine holds nothing of ours' : 'another cluster holds the machine'];
}

/** Its second lies between our asking and its answer, or its clock is another one. */
function clockDrift(seconds: number, { at, until }: { at: number; until: number }): string[] {
  if (!Number.isFinite(seconds)) return [];
  const off = Math.max(at / 1000 - seconds - 1, seconds - until / 1000);
  return off < CLOCK_SECONDS ? [] : [`its clock is ${String(Math.round(off))} s off`];
}

function words(text: string | undefined): string[] {
  return (text ?? '').split(' ').filter((word) => word !== '');
}
