import { createHmac } from 'node:crypto';

import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';

import type { ClusterRecord } from '../core/records.js';
import {
  WEBHOOK_DELIVERY_HEADER,
  WEBHOOK_SECRET,
  WEBHOOK_SIGNATURE_HEADER,
  WebhookEventType,
  webhookOwner,
  webhookWorkflowId,
  type WebhookDeliveryInput,
  type WebhookEvent,
} from '../core/webhooks.js';
import { TasksetStatus } from '../core/words.js';
import type { WebhookDelivery } from '../store/webhookStore.js';
import type { ActivityDeps } from './deps.js';
import { postToReceiver } from './receiver.js';
import type { Work } from './refs.js';

/** Who is to be told of a taskset's end. */
export interface TasksetNews {
  webhooks: string[];
  event: WebhookEvent;
}

/** As much as is read in a message. */
const COMMENT_LENGTH = 2_000;

/** What the webhooks that listen are to be told; undefined where none does. */
export async function tasksetNews(
  { store }: ActivityDeps,
  ended: {
    record: Pick<ClusterRecord, 'id' | 'project' | 'name'>;
    work: Work;
    failed: boolean;
    comment: string;
  },
): Promise<TasksetNews | undefined> {
  const { record, work, failed, comment } = ended;
  const type = failed ? WebhookEventType.Failed : WebhookEventType.Succeeded;
  const { project, name: cluster, id: clusterId } = record;
  const webhooks = await store.webhooks.listening(project, type);
  if (webhooks.length === 0) return undefined;
  return {
    webhooks,
    event: {
      ...{ type, at: new Date().toISOString(), project, cluster, clusterId },
      taskset: {
        id: work.tasksetId,
        status: failed ? TasksetStatus.Failed : TasksetStatus.Complete,
        comment: comment.slice(0, COMMENT_LENGTH),
        operations: work.operations.map(({ name }) => name),
      },
    },
  };
}

/**
 * One attempt at a delivery, recorded. A webhook that was deleted meanwhile is told nothing.
 * @throws ApplicationFailure WebhookNotDelivered, worth another attempt.
 */
export async function deliverWebhook(
  { store, vault }: ActivityDeps,
  input: WebhookDeliveryInput,
): Promise<{ outcome: 'done' | 'skipped' }> {
  const { project, webhook: name, event } = input;
  const owner = webhookOwner(project, name);
  const [webhook, sealed] = await Promise.all([
    store.webhooks.get(project, name),
    store.secrets.get(owner, WEBHOOK_SECRET),
  ]);
  if (webhook === undefined || sealed === undefined) return { outcome: 'skipped' };
  const body = JSON.stringify(event);
  const answer = await postToReceiver(webhook.url, {
    body,
    headers: {
      'content-type': 'application/json',
      'user-agent': 'plinth',
      [WEBHOOK_DELIVERY_HEADER]: webhookWorkflowId(input),
      [WEBHOOK_SIGNATURE_HEADER]: signatureOf(body, vault.open(owner, sealed), Date.now()),
    },
  });
  const delivered = 'status' in answer && answer.status >= 200 && answer.status < 300;
  const problem = 'problem' in answer ? answer.problem : `answered ${String(answer.status)}`;
  const { attempt: attempts } = Context.current().info;
  await store.webhooks.noteDelivery(project, name, {
    ...deliveryOf(event),
    ...{ state: delivered ? 'delivered' : 'retrying', attempts, attemptedAt: now() },
    ...('status' in answer ? { answer: answer.status } : {}),
    ...(delivered ? {} : { problem }),
  });
  if (!delivered) throw ApplicationFailure.retryable(problem, 'WebhookNotDelivered');
  return { outcome: 'done' };
}

/** There will be no other attempt. */
export async function giveUpWebhook(
  { store }: ActivityDeps,
  { project, webhook, event }: WebhookDeliveryInput,
  problem: string,
): Promise<void> {
  if ((await store.webhooks.get(project, webhook)) === undefined) return;
  const known = await store.webhooks.deliveries(project, webhook);
  const last = known.find(({ taskset }) => taskset === event.taskset.id);
  await store.webhooks.noteDelivery(project, webhook, {
    ...{ ...deliveryOf(event), attempts: 0, attemptedAt: now(), problem },
    ...last,
    state: 'failed',
  });
}

/** As receivers compute it again: docs/webhooks.md. */
export function signatureOf(body: string, secret: string, atMs: number): string {
  const t = Math.floor(atMs / 1000);
  const hex = createHmac('sha256', secret)
    .update(`${String(t)}.${body}`)
    .digest('hex');
  return `t=${String(t)},v1=${hex}`;
}

function deliveryOf({
  type,
  cluster,
  taskset,
  at,
}: WebhookEvent): Pick<WebhookDelivery, 'taskset' | 'cluster' | 'event' | 'eventAt'> {
  return { taskset: taskset.id, cluster, event: type, eventAt: at };
}

function now(): string {
  return new Date().toISOString();
}
