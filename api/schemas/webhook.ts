import { z } from '@hono/zod-openapi';

import { nameText } from '../../core/spec/formats.js';
import { urlProblem } from '../../core/spec/rules/addons.js';
import { WebhookEventType } from '../../core/webhooks.js';
import type { WebhookDelivery, WebhookRecord } from '../../store/webhookStore.js';

const API_VERSION = 'infra.k8smgmt.io/v3';
const EVENTS = [WebhookEventType.Succeeded, WebhookEventType.Failed] as const;

/** A webhook as it is answered: never its secret. */
export interface WebhookView {
  apiVersion: typeof API_VERSION;
  kind: 'Webhook';
  metadata: Pick<WebhookRecord, 'name' | 'project' | 'modifiedAt' | 'description'>;
  spec: Pick<WebhookRecord, 'url' | 'events'>;
  status: { createdAt: string; deliveries?: WebhookDelivery[] };
}

const metadata = {
  name: nameText.meta({ example: 'pager' }),
  description: z.string().max(2048).optional(),
};
const events = z.array(z.enum(EVENTS)).min(1).max(EVENTS.length);
const ignored = z
  .unknown()
  .optional()
  .meta({ description: 'Set by the server; ignored when sent.' });

export const webhookSchema = z
  .strictObject({
    apiVersion: z.literal(API_VERSION).optional(),
    kind: z.literal('Webhook').optional(),
    metadata: z.strictObject({
      ...metadata,
      project: z.string().optional().meta({ description: "Left out, the URL's." }),
      modifiedAt: ignored,
    }),
    spec: z.strictObject({
      url: z.string().max(2048).meta({
        description: 'http or https, without a login in it.',
        example: 'https://example.com/hook',
      }),
      events: events.optional().meta({ description: 'Which it is told. Left out: all.' }),
      signingSecret: z.string().min(16).max(1024).optional().meta({
        description:
          'Each delivery is signed with it (`X-Plinth-Signature`). Write-only: never answered. Left out in a change: the one that is there.',
        writeOnly: true,
      }),
    }),
    status: ignored,
  })
  .meta({ id: 'Webhook', description: 'Is told when a taskset of the project ends.' })
  .superRefine((body, context) => {
    const wrong = urlProblem(body.spec.url) ?? malformed(body.spec.url);
    if (wrong !== undefined) {
      context.addIssue({ code: 'custom', path: ['spec', 'url'], message: wrong });
    }
  });

const deliverySchema = z
  .object({
    taskset: z.string(),
    cluster: z.string(),
    event: z.enum(EVENTS),
    eventAt: z.string(),
    state: z.enum(['delivered', 'retrying', 'failed']).meta({
      description: '`failed`: there will be no other attempt.',
    }),
    attempts: z.int(),
    attemptedAt: z.string(),
    answer: z.int().optional().meta({ description: 'Status of the last answer.' }),
    problem: z.string().optional(),
  })
  .meta({ id: 'WebhookDelivery' });

export const webhookViewSchema = z
  .object({
    apiVersion: z.literal(API_VERSION),
    kind: z.literal('Webhook'),
    metadata: z.object({ ...metadata, project: z.string(), modifiedAt: z.string() }),
    spec: z.object({
      url: z.string().meta({
        description:
          'Whole for who may change it; of it others see the origin only: the rest may be what lets one in.',
      }),
      events,
    }),
    status: z.object({
      createdAt: z.string(),
      deliveries: z.array(deliverySchema).optional().meta({
        description: 'The newest ten, newest first; left out in lists.',
      }),
    }),
  })
  .meta({ id: 'WebhookView' });

export const WEBHOOK_EXAMPLE = {
  ...{ apiVersion: API_VERSION, kind: 'Webhook' },
  metadata: { name: 'pager', project: 'defaultproject' },
  spec: {
    url: 'https://example.com/hook',
    events: [WebhookEventType.Failed],
    signingSecret: 'at least sixteen characters',
  },
};

export const WEBHOOK_VIEW_EXAMPLE = {
  ...{ apiVersion: API_VERSION, kind: 'Webhook' },
  metadata: { ...WEBHOOK_EXAMPLE.metadata, modifiedAt: '2026-11-24T08:20:11.300000Z' },
  spec: { url: WEBHOOK_EXAMPLE.spec.url, events: WEBHOOK_EXAMPLE.spec.events },
  status: {
    createdAt: '2026-11-24T08:20:11.300000Z',
    deliveries: [
      {
        ...{ taskset: 'lk5xw2e', cluster: 'demo-cluster', event: 'taskset.failed' },
        ...{ eventAt: '2026-11-24T09:01:00.100Z', state: 'delivered', attempts: 2 },
        ...{ attemptedAt: '2026-11-24T09:01:05.400Z', answer: 204 },
      },
    ],
  },
};

/** Without deliveries: as lists show it. The URL is whole for who may change it: others see where it leads, and no more. */
export function webhookView(
  record: WebhookRecord,
  { whole, deliveries }: { whole: boolean; deliveries?: WebhookDelivery[] },
): WebhookView {
  const { name, project, modifiedAt, description, createdAt } = record;
  const url = whole ? record.url : new URL(record.url).origin;
  return {
    ...{ apiVersion: API_VERSION, kind: 'Webhook' },
    metadata: { name, project, modifiedAt, ...(description === undefined ? {} : { description }) },
    spec: { url, events: record.events },
    status: { createdAt, ...(deliveries === undefined ? {} : { deliveries }) },
  };
}

/** Left out: all. */
export function eventsOf(given: readonly WebhookEventType[] | undefined): WebhookEventType[] {
  return EVENTS.filter((event) => given === undefined || given.includes(event));
}

function malformed(url: string): string | undefined {
  return URL.canParse(url) ? undefined : 'is not a URL';
}
