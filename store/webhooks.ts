import type { Db } from 'mongodb';

import { CollectionName } from './collections.js';
import { isDuplicate } from './databaseError.js';
import { mapSlice, nameCondition, readPage } from './paging.js';
import { timestamp } from './timestamps.js';
import type { WebhookDelivery, WebhookRecord, WebhookStore } from './webhookStore.js';

interface WebhookDocument extends WebhookRecord {
  /** `project/name`. */
  _id: string;
}

interface DeliveryDocument extends WebhookDelivery {
  /** `project/name/taskset`. */
  _id: string;
  webhook: string;
  expiresAt: Date;
}

const DELIVERIES_SHOWN = 10;
const DELIVERY_DAYS = 30;

/** A project's webhooks, without their secrets, and what became of their deliveries. */
export async function openWebhooks(db: Db): Promise<WebhookStore> {
  const webhooks = db.collection<WebhookDocument>(CollectionName.webhooks);
  const deliveries = db.collection<DeliveryDocument>(CollectionName.webhookDeliveries);
  await webhooks.createIndex({ project: 1, name: 1 });
  await deliveries.createIndex({ webhook: 1, eventAt: -1 });
  await deliveries.createIndex({ expiresAt: 1 }, { expireAfterSeconds: 0 }, undefined);
  return {
    async put(input) {
      const _id = webhookId(input.project, input.name);
      const now = timestamp();
      const createdAt = (await webhooks.findOne({ _id }))?.createdAt ?? now;
      const document = { ...input, createdAt, modifiedAt: now };
      await webhooks.replaceOne({ _id }, document, { upsert: true });
      return document;
    },
    async get(project, name) {
      const found = await webhooks.findOne({ _id: webhookId(project, name) });
      return found === null ? undefined : webhookRecord(found);
    },
    async list(project, { name, after, ...page }) {
      const of = (last?: string) => ({ project, name: nameCondition(name, last) ?? { $gte: '' } });
      const query = {
        ...{ filter: of(), sort: { name: 1 } as const },
        ...(after === undefined ? {} : { after: of(after) }),
      };
      return mapSlice(await readPage(webhooks, query, page), webhookRecord);
    },
    async remove(project, name) {
      const _id = webhookId(project, name);
      const { deletedCount } = await webhooks.deleteOne({ _id });
      await deliveries.deleteMany({ webhook: _id });
      return deletedCount > 0;
    },
    async listening(project, event) {
      const found = await webhooks.find({ project, events: event }).sort({ name: 1 }).toArray();
      return found.map(({ name }) => name);
    },
    async noteDelivery(project, name, delivery) {
      const webhook = webhookId(project, name);
      const _id = `${webhook}/${delivery.taskset}`;
      const expiresAt = new Date(Date.now() + DELIVERY_DAYS * 24 * 60 * 60 * 1000);
      const set = { ...delivery, webhook, expiresAt };
      // An attempt that was given up may write late: what was delivered stays so, and what ended is not tried any more.
      const ended: WebhookDelivery['state'][] =
        delivery.state === 'retrying' ? ['delivered', 'failed'] : ['delivered'];
      const { matchedCount } = await deliveries.replaceOne({ _id, state: { $nin: ended } }, set);
      if (matchedCount > 0) return;
      await deliveries.insertOne({ _id, ...set }).catch((error: unknown) => {
        if (!isDuplicate(error)) throw error;
      });
    },
    async deliveries(project, name) {
      const found = await deliveries
        .find({ webhook: webhookId(project, name) })
        .sort({ eventAt: -1 })
        .limit(DELIVERIES_SHOWN)
        .toArray();
      return found.map(({ _id, webhook: _webhook, expiresAt: _expiresAt, ...rest }) => rest);
    },
  };
}

function webhookId(project: string, name: string): string {
  return `${project}/${name}`;
}

function webhookRecord({ _id, ...rest }: WebhookDocument): WebhookRecord {
  return rest;
}
