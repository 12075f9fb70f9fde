import type { NameFilter, Page, Slice } from './page.js';

export interface AuditRecord {
  at: string;
  actor: string;
  action: string;
  project?: string;
  resource: string;
  summary: string;
  /** The taskset that the change led to; absent until it begins, and where there was nothing to do. */
  tasksetId?: string;
  requestId?: string;
}

/** What a change asks of a cluster: the taskset that begins with this, or with more, is the one that does it. */
export interface AskedWork {
  clusterId: string;
  generation: number;
  retries: number;
}

/** Where a record stands among the others. */
export interface AuditKey {
  at: string;
  id: string;
}

export interface AuditStore {
  append(record: AuditRecord, work?: AskedWork): Promise<void>;
  /** As `append`, and nothing where there is an entry of this key: for who may be cut off and begin again. */
  appendOnce(key: string, record: AuditRecord): Promise<void>;
  /** Of every change so far whose work has begun in no taskset yet: this one does it. */
  noteTaskset(tasksetId: string, work: AskedWork): Promise<void>;
  /** Newest first; `last` is the key of the page's last record. */
  list(
    page: Page<AuditKey> & { project?: string; resource?: NameFilter; action?: string },
  ): Promise<Slice<AuditRecord> & { last?: AuditKey }>;
}
