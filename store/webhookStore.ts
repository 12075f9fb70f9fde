import type { WebhookEventType } from '../core/webhooks.js';
import type { NameFilter, Page, Slice } from './page.js';

/** Who is told of a project's tasksets. Its secret lies among the secrets. */
export interface WebhookRecord {
  project: string;
  name: string;
  url: string;
  events: WebhookEventType[];
  description?: string;
  createdAt: string;
  modifiedAt: string;
}

/** What became of telling one webhook of one taskset. */
export interface WebhookDelivery {
  taskset: string;
  cluster: string;
  event: WebhookEventType;
  eventAt: string;
  /** `failed`: there will be no other attempt. */
  state: 'delivered' | 'retrying' | 'failed';
  attempts: number;
  attemptedAt: string;
  /** Status of the last answer, where there was one. */
  answer?: number;
  problem?: string;
}

export interface WebhookStore {
  /** Makes it or replaces it. */
  put(record: Omit<WebhookRecord, 'createdAt' | 'modifiedAt'>): Promise<WebhookRecord>;
  get(project: string, name: string): Promise<WebhookRecord | undefined>;
  /** By name. */
  list(project: string, page: Page<string> & { name?: NameFilter }): Promise<Slice<WebhookRecord>>;
  /** Whether there was one. */
  remove(project: string, name: string): Promise<boolean>;
  /** Names of those that are told events of this type. */
  listening(project: string, event: WebhookEventType): Promise<string[]>;
  /** Never moves a delivered one back, nor one that failed to `retrying`. */
  noteDelivery(project: string, name: string, delivery: WebhookDelivery): Promise<void>;
  /** The newest ten. */
  deliveries(project: string, name: string): Promise<WebhookDelivery[]>;
}
