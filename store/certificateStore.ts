import type { CertificateExpiry } from '../core/certificates.js';
import type { UpkeepKey } from '../core/upkeep.js';
import type { ClusterKey } from './clusterDue.js';

/** When certificates end: the watchers record it here, and the steps that have just made or renewed them. */
export interface CertificateStore {
  /** Dropped where something younger is known, or the node is gone. */
  record(clusterId: string, hostname: string, expiry: CertificateExpiry): Promise<void>;
  /**
   * Created clusters of which a joined node's certificates end by then, those that end first first; `next` is the key of
   * the page after.
   */
  due(
    by: Date,
    page: { limit: number; after?: UpkeepKey },
  ): Promise<{ items: ClusterKey[]; next?: UpkeepKey }>;
}
