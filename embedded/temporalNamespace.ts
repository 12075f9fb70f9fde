import type { Connection } from '@temporalio/client';
import { msToTs, optionalTsToMs } from '@temporalio/common/lib/time.js';

export const RETENTION_DAYS = 90;
const NAMESPACE = 'default';
const RETENTION_MS = RETENTION_DAYS * 24 * 3600 * 1000;
/** enums.v1.IndexedValueType */
const KEYWORD = 2;

/**
 * Namespace `default` keeps closed workflows for 90 days (a development server's own: one day) and knows
 * the Keyword search attributes. Throws until the server has all of it: call it again.
 */
export async function prepareNamespace(
  connection: Connection,
  searchAttributes: readonly string[],
): Promise<void> {
  await connection.withDeadline(Date.now() + 5_000, async () => {
    await keepHistories(connection);
    await addSearchAttributes(connection, searchAttributes);
  });
}

async function keepHistories(connection: Connection): Promise<void> {
  if ((await retentionMs(connection)) === RETENTION_MS) return;
  await connection.workflowService.updateNamespace({
    namespace: NAMESPACE,
    config: { workflowExecutionRetentionTtl: msToTs(RETENTION_MS) },
  });
  if ((await retentionMs(connection)) !== RETENTION_MS) {
    throw new Error(`namespace ${NAMESPACE} does not have its retention yet`);
  }
}

async function retentionMs(connection: Connection): Promise<number> {
  const { config } = await connection.workflowService.describeNamespace({ namespace: NAMESPACE });
  return optionalTsToMs(config?.workflowExecutionRetentionTtl) ?? 0;
}

async function addSearchAttributes(
  connection: Connection,
  wanted: readonly string[],
): Promise<void> {
  const missing = await missingAttributes(connection, wanted);
  if (missing.length === 0) return;
  await connection.operatorService.addSearchAttributes({
    namespace: NAMESPACE,
    searchAttributes: Object.fromEntries(missing.map((name) => [name, KEYWORD])),
  });
  if ((await missingAttributes(connection, wanted)).length > 0) {
    throw new Error('the search attributes are not there yet');
  }
}

async function missingAttributes(
  connection: Connection,
  wanted: readonly string[],
): Promise<string[]> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({
    namespace: NAMESPACE,
  });
  return wanted.filter((name) => customAttributes[name] === undefined);
}
