import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import type { Client } from '@temporalio/client';
import proto, { type temporal } from '@temporalio/proto';

type History = temporal.api.history.v1.IHistory;

export const HISTORIES = fileURLToPath(new URL('../histories', import.meta.url));

export interface KeptHistory {
  /** `creation/node-m1`. */
  name: string;
  workflowType: string;
  /** As it was when it ran: ids of children are made from it. */
  workflowId: string;
  history: History;
}

/** As protobuf: Temporal's own form of it. The server that skips time leaves the workflow's id out. */
export function encodeHistory(workflowId: string, history: History): Uint8Array {
  const started = history.events?.[0]?.workflowExecutionStartedEventAttributes;
  if (started) started.workflowId = workflowId;
  dropStackTraces(history);
  return proto.temporal.api.history.v1.History.encode(history).finish();
}

/** They name the folders of the computer that recorded them, and no replay reads them. */
function dropStackTraces(part: unknown): void {
  if (typeof part !== 'object' || part === null || ArrayBuffer.isView(part)) return;
  const message = part as Record<string, unknown>;
  if (typeof message['stackTrace'] === 'string') message['stackTrace'] = '';
  for (const value of Object.values(message)) dropStackTraces(value);
}

/** All that are kept, by name. */
export async function keptHistories(): Promise<KeptHistory[]> {
  const files = (await readdir(HISTORIES, { recursive: true })).filter((file) =>
    file.endsWith('.pb'),
  );
  return Promise.all(
    files.toSorted().map(async (file) => {
      const bytes = await readFile(`${HISTORIES}/${file}`);
      const history = proto.temporal.api.history.v1.History.decode(bytes);
      const started = history.events[0]?.workflowExecutionStartedEventAttributes;
      const name = file.replace(/\.pb$/, '');
      return {
        name,
        workflowType: started?.workflowType?.name ?? '',
        workflowId: started?.workflowId ?? '',
        history,
      };
    }),
  );
}

/** A workflow's history and those of all that it started, by workflow id. */
export async function historiesUnder(
  client: Client,
  workflowId: string,
): Promise<Map<string, History>> {
  const found = new Map<string, History>();
  const visit = async (id: string): Promise<void> => {
    const history = await client.workflow.getHandle(id).fetchHistory();
    found.set(id, history);
    for (const event of history.events ?? []) {
      const child = event.childWorkflowExecutionStartedEventAttributes?.workflowExecution;
      if (child?.workflowId) await visit(child.workflowId);
    }
  };
  await visit(workflowId);
  return found;
}
