/** What a project's webhooks are told; the words on the wire. */
export const WebhookEventType = {
  Succeeded: 'taskset.succeeded',
  Failed: 'taskset.failed',
} as const;
export type WebhookEventType = (typeof WebhookEventType)[keyof typeof WebhookEventType];

/** The body of a delivery. */
export interface WebhookEvent {
  type: WebhookEventType;
  /** When the taskset ended. */
  at: string;
  project: string;
  cluster: string;
  clusterId: string;
  taskset: { id: string; status: string; comment: string; operations: string[] };
}

/** One webhook is to be told one event: the input of its workflow. */
export interface WebhookDeliveryInput {
  project: string;
  webhook: string;
  event: WebhookEvent;
}

/** `t=<seconds since 1970>,v1=<hex of HMAC-SHA256 over "<t>.<body>">`: old ones can be told from new, and sent again by nobody. */
export const WEBHOOK_SIGNATURE_HEADER = 'X-Plinth-Signature';
/** The same for every attempt at a delivery: receivers know by it what they have seen. */
export const WEBHOOK_DELIVERY_HEADER = 'X-Plinth-Delivery';

/** Receivers that are away longer have missed it: the taskset says the same. */
export const WEBHOOK_GIVE_UP = '24 h';

/** The name of a webhook's secret under its owner. */
export const WEBHOOK_SECRET = 'signing';

/** Owner of a webhook's secret; no project's name holds a colon. */
export function webhookOwner(project: string, name: string): string {
  return `webhook:${project}/${name}`;
}

/** One delivery of one event, once. */
export function webhookWorkflowId({ project, webhook, event }: WebhookDeliveryInput): string {
  return `webhook/${project}/${webhook}/${event.taskset.id}`;
}
