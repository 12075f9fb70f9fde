import type { Connection } from '@temporalio/client';
import { msToTs, optionalTsToMs } from '@temporalio/common/lib/time.js';

export const RETENTION_DAYS = 90;
/** google.rpc.Code */
const NOT_FOUND = 5;
const RETENTION_MS = RETENTION_DAYS * 24 * 3600 * 1000;
/** enums.v1.IndexedValueType */
const KEYWORD = 2;

export interface NamespaceWanted {
  namespace: string;
  searchAttributes: readonly string[];
}

/**
 * The namespace is there, keeps closed workflows for 90 days or longer (a development server's own: one day) and knows
 * the Keyword search attributes. Throws until the server has all of it: call it again.
 */
export async function prepareNamespace(
  connection: Connection,
  wanted: NamespaceWanted,
): Promise<void> {
  await connection.withDeadline(Date.now() + 5_000, async () => {
    await keepHistories(connection, wanted.namespace);
    await addSearchAttributes(connection, wanted);
  });
}

async function keepHistories(connection: Connection, namespace: string): Promise<void> {
  const workflowExecutionRetentionPeriod = msToTs(RETENTION_MS);
  const before = await retentionMs(connection, namespace);
  if (before !== undefined && before >= RETENTION_MS) return;
  if (before === undefined) {
    const retention = { workflowExecutionRetentionPeriod };
    await connection.workflowService.registerNamespace({ namespace, ...retention });
  } else {
    await connection.workflowService.updateNamespace({
      namespace,
      config: { workflowExecutionRetentionTtl: workflowExecutionRetentionPeriod },
    });
  }
  if (((await retentionMs(connection, namespace)) ?? 0) < RETENTION_MS) {
    throw new Error(`namespace ${namespace} does not have its retention yet`);
  }
}

/** Undefined: there is no such namespace. */
async function retentionMs(connection: Connection, namespace: string): Promise<number | undefined> {
  try {
    const { config } = await connection.workflowService.describeNamespace({ namespace });
    return optionalTsToMs(config?.workflowExecutionRetentionTtl) ?? 0;
  } catch (error) {
    if ((error as { code?: unknown }).code === NOT_FOUND) return undefined;
    throw error;
  }
}

async function addSearchAttributes(connection: Connection, wanted: NamespaceWanted): Promise<void> {
  const missing = await missingAttributes(connection, wanted);
  if (missing.length === 0) return;
  await connection.operatorService.addSearchAttributes({
    namespace: wanted.namespace,
    searchAttributes: Object.fromEntries(missing.map((name) => [name, KEYWORD])),
  });
  if ((await missingAttributes(connection, wanted)).length > 0) {
    throw new Error('the search attributes are not there yet');
  }
}

async function missingAttributes(
  connection: Connection,
  { namespace, searchAttributes }: NamespaceWanted,
): Promise<string[]> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  return searchAttributes.filter((name) => customAttributes[name] === undefined);
}
