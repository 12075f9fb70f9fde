import { Connection } from '@temporalio/client';

import { SEARCH_ATTRIBUTES } from '../core/clusterWorkflow.js';
import { readTemporalConfig } from './config.js';
import { temporalConnection } from './temporalConnection.js';
import { prepareNamespace } from './temporalNamespace.js';

/* Prepares a Temporal server that is not embedded, once: the settings of the API and the worker name it, and our namespace there. */

const ATTEMPTS = 30;
const PAUSE_MS = 1_000;

const config = readTemporalConfig(process.env);
const { temporalAddress = '127.0.0.1:7233' } = config;
const connection = await Connection.connect(temporalConnection({ ...config, temporalAddress }));
for (let attempt = 1; ; attempt++) {
  try {
    await prepareNamespace(connection, {
      namespace: config.temporalNamespace,
      searchAttributes: SEARCH_ATTRIBUTES,
    });
    break;
  } catch (error) {
    if (attempt === ATTEMPTS) throw error;
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}
await connection.close();
process.stdout.write('Temporal is prepared\n');
