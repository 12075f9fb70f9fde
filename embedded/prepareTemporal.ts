import { Connection } from '@temporalio/client';

import { SEARCH_ATTRIBUTES } from '../core/clusterWorkflow.js';
import { prepareNamespace } from './temporalNamespace.js';

/* Prepares a Temporal server that is not embedded, once: TEMPORAL_ADDRESS names it, TEMPORAL_NAMESPACE our namespace there. */

const ATTEMPTS = 30;
const PAUSE_MS = 1_000;

const connection = await Connection.connect({
  address: process.env['TEMPORAL_ADDRESS'] ?? '127.0.0.1:7233',
});
for (let attempt = 1; ; attempt++) {
  try {
    await prepareNamespace(connection, {
      namespace: process.env['TEMPORAL_NAMESPACE'] ?? 'default',
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
