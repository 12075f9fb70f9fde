export interface HostKeyRecord {
  clusterId: string;
  hostname: string;
  key: string;
  fingerprint: string;
  source: 'spec' | 'first-use' | 'accepted' | 'registration';
  /** Seen later and not yet accepted by a person. */
  pending?: { key: string; fingerprint: string; seenAt: string };
  pinnedAt: string;
}

export interface HostKeyStore {
  get(clusterId: string, hostname: string): Promise<HostKeyRecord | undefined>;
  /** By hostname: all, or those of these names. */
  list(clusterId: string, hostnames?: readonly string[]): Promise<HostKeyRecord[]>;
  /** First pin wins; returns what is pinned. */
  pin(record: Omit<HostKeyRecord, 'pinnedAt'>): Promise<HostKeyRecord>;
  notePending(clusterId: string, hostname: string, key: string, fingerprint: string): Promise<void>;
  /** The pending key becomes the pinned one. False when nothing is pending. */
  accept(clusterId: string, hostname: string): Promise<boolean>;
  remove(clusterId: string, hostname?: string): Promise<void>;
}
