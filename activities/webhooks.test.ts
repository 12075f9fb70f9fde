import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { MockActivityEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';

import type { WebhookDeliveryInput } from '../core/webhooks.js';
import { openTestDatabase, type TestDatabase } from '../test/store/testDatabase.js';
import { createVault } from '../vault/vault.js';
import type { ActivityDeps } from './deps.js';
import { postToReceiver } from './receiver.js';
import { deliverWebhook, giveUpWebhook } from './webhooks.js';

const SECRET = 'what both sides know';
const OWNER = 'webhook:p/pager';

let db: TestDatabase;
let deps: ActivityDeps;
let server: Server;
let url: string;
/** How the receiver answers next, and what it was sent. */
let answers: number[] = [];
const received: { headers: IncomingMessage['headers']; body: string }[] = [];
beforeAll(async () => {
  db = await openTestDatabase();
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      received.push({ headers: request.headers, body });
      response.writeHead(answers.shift() ?? 204, { location: '/elsewhere' }).end();
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/hook`;
  const vault = createVault({ masterKey: Buffer.alloc(32, 1) });
  // Nothing else is touched.
  deps = { store: db.store, vault } as Partial<ActivityDeps> as ActivityDeps;
  await db.store.secrets.put(OWNER, 'signing', vault.seal(OWNER, SECRET));
  await hook(url);
});
afterAll(async () => {
  server.close();
  await db.close();
});

const hook = (to: string) =>
  db.store.webhooks.put({ project: 'p', name: 'pager', url: to, events: ['taskset.failed'] });
const news = (id: string): WebhookDeliveryInput => ({
  ...{ project: 'p', webhook: 'pager' },
  event: {
    ...{ type: 'taskset.failed', at: `2026-11-26T08:00:0${id}.000Z`, project: 'p', cluster: 'c' },
    clusterId: 'c000001',
    taskset: { id, status: 'PROVISION_TASKSET_STATUS_FAILED', comment: 'no', operations: [] },
  },
});
const deliver = (input: WebhookDeliveryInput, attempt = 1): Promise<unknown> =>
  new MockActivityEnvironment({ attempt }).run(() => deliverWebhook(deps, input));
const last = async () => (await db.store.webhooks.deliveries('p', 'pager'))[0];

test('a delivery is signed so that its receiver can tell whose it is, and when it was sent', async () => {
  const before = Math.floor(Date.now() / 1000);
  await deliver(news('1'));
  const { headers, body } = received.at(-1)!;
  expect(JSON.parse(body)).toEqual(news('1').event);
  const [, t = '', v1] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(
    headers['x-plinth-signature'] as string,
  )!;
  expect(Number(t)).toBeGreaterThanOrEqual(before);
  expect(v1).toBe(createHmac('sha256', SECRET).update(`${t}.${body}`).digest('hex'));
  expect(headers['x-plinth-delivery']).toBe('webhook/p/pager/1');
  expect(await last()).toMatchObject({
    taskset: '1',
    state: 'delivered',
    attempts: 1,
    answer: 204,
  });
});

test.each([500, 404, 302])(
  'an answer of %i is worth another attempt, and is shown',
  async (status) => {
    answers = [status];
    const count = received.length;
    await expect(deliver(news('2'), 3)).rejects.toMatchObject({
      ...{
        type: 'WebhookNotDelivered',
        nonRetryable: false,
        message: `answered ${String(status)}`,
      },
    });
    // Whatever it says, nobody else is asked.
    expect(received.length).toBe(count + 1);
    expect(await last()).toMatchObject({
      taskset: '2',
      state: 'retrying',
      attempts: 3,
      answer: status,
    });
  },
);

test('what is given up keeps its last problem', async () => {
  answers = [503];
  await deliver(news('3'), 99).catch(() => undefined);
  await giveUpWebhook(deps, news('3'), 'no answer in time');
  expect(await last()).toMatchObject({
    ...{ taskset: '3', state: 'failed', attempts: 99, answer: 503, problem: 'answered 503' },
  });
});

test('what was given up is not tried any more, whatever is written late; what is delivered after all is', async () => {
  await giveUpWebhook(deps, news('3'), 'no answer in time');
  answers = [503];
  await deliver(news('3'), 4).catch(() => undefined);
  expect(await last()).toMatchObject({ taskset: '3', state: 'failed' });
  await deliver(news('3'), 5);
  expect(await last()).toMatchObject({ taskset: '3', state: 'delivered', answer: 204 });
  // Of an attempt before.
  expect(await last()).not.toHaveProperty('problem');
});

test('what was delivered stays so, whatever is written late', async () => {
  await deliver(news('4'));
  await giveUpWebhook(deps, news('4'), 'no answer in time');
  answers = [503];
  await deliver(news('4'), 2).catch(() => undefined);
  expect(await last()).toMatchObject({ taskset: '4', state: 'delivered' });
});

test('a webhook that was deleted meanwhile is told nothing', async () => {
  const count = received.length;
  const gone = { ...news('5'), webhook: 'gone' };
  expect(await deliver(gone)).toEqual({ outcome: 'skipped' });
  await giveUpWebhook(deps, gone, 'gone');
  expect(received.length).toBe(count);
  expect(await db.store.webhooks.deliveries('p', 'gone')).toEqual([]);
});

test('a server that is not there is a problem in words', async () => {
  await hook('http://127.0.0.1:9/');
  await expect(deliver(news('6'))).rejects.toThrow('ECONNREFUSED');
  expect(await last()).toMatchObject({ taskset: '6', state: 'retrying', problem: 'ECONNREFUSED' });
});

test.each(['http://169.254.169.254/latest', 'http://[64:ff9b::169.254.169.254]/'])(
  '%s is link-local: nobody is asked',
  async (to) => {
    expect(await postToReceiver(to, { body: '', headers: {} })).toEqual({
      problem: 'its address is link-local',
    });
  },
);
