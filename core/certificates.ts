import type { CertificateObservation, MachineObservation } from './health.js';

/** Keeping a cluster's certificates from expiring: those that kubeadm made on its control planes. Pure. */

/** Renewed when the first of them has so long to go, unless PLINTH_RENEW_DAYS says otherwise. */
export const DEFAULT_RENEW_DAYS = 30;
/** kubeadm's certificates are good for 365 days: more would renew them again and again. */
export const MAX_RENEW_DAYS = 300;

const DAY_MS = 24 * 3_600_000;

/** When a control plane's certificates end, as it was last read. Times are RFC 3339 in UTC. */
export interface CertificateExpiry {
  /** Of the first that ends; the authorities, and what kubelets renew by themselves, are not among them. */
  expiresAt: string;
  /** Which that is: `apiserver`, `etcd/server`, `admin.conf`, … */
  first: string;
  readAt: string;
}

/** What a machine's script told, as `readAt` found it; undefined: nothing that is an expiry. */
export function certificateExpiry(
  results: Readonly<Record<string, string>>,
  readAt: Date,
): CertificateExpiry | undefined {
  const at = Date.parse(results['certificatesExpireAt'] ?? '');
  if (Number.isNaN(at)) return undefined;
  return {
    expiresAt: new Date(at).toISOString(),
    first: results['certificatesFirst'] ?? '',
    readAt: readAt.toISOString(),
  };
}

/** What ends by then is to be renewed now. */
export function renewalBy(now: Date, days: number): Date {
  return new Date(now.getTime() + days * DAY_MS);
}

/** Renewed by kubelet itself: no renewal of ours is about it. */
const OWN_RENEWAL = 'kubelet-client';

/** Of those that a renewal renews, the one that ends first. */
export function firstToEnd(
  certificates: readonly CertificateObservation[],
): CertificateObservation | undefined {
  return certificates
    .filter(({ name }) => name !== OWN_RENEWAL)
    .toSorted((a, b) => Date.parse(a.expiresAt) - Date.parse(b.expiresAt))[0];
}

/** What a machine said of itself; undefined: nothing that is an expiry. */
export function observedExpiry({
  certificates,
  observedAt,
}: Pick<MachineObservation, 'certificates' | 'observedAt'>): CertificateExpiry | undefined {
  const first = firstToEnd(certificates);
  if (first === undefined) return undefined;
  return {
    expiresAt: new Date(first.expiresAt).toISOString(),
    first: first.name,
    readAt: observedAt,
  };
}

/**
 * Machines are asked twice an hour: one that was last asked before then is away, or nobody watches. Renewals go on by
 * what is known of it, since an end comes no sooner by itself; what somebody has changed by hand is not known.
 */
export function unreadSince(now: Date): Date {
  return new Date(now.getTime() - DAY_MS);
}
