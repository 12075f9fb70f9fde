import '../embedded/endWithParent.js';

import { createAdaptorServer } from '@hono/node-server';
import { Hono } from 'hono';
import type { AddressInfo } from 'node:net';

import { connect } from '../store/client.js';

/**
 * What the API is compared to: Hono, one findOne by an index, the document as JSON; no key, no project, no
 * log, no schema. Sends its port when it listens.
 */
const [uri = '', database = ''] = process.argv.slice(2);
const client = await connect({ uri });
const clusters = client.db(database).collection('clusters');
const app = new Hono();
app.get('/:project/:name', async (c) => {
  const found = await clusters.findOne(c.req.param());
  return found === null ? c.notFound() : c.json(found);
});
const server = createAdaptorServer({ fetch: app.fetch });
server.listen(0, '127.0.0.1', () => {
  process.send?.((server.address() as AddressInfo).port);
});
