import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { ParentClosePolicy, startChild, WorkflowIdReusePolicy } from '@temporalio/workflow';

import type { TasksetNews } from '../activities/webhooks.js';
import { webhookWorkflowId, type WebhookDeliveryInput } from '../core/webhooks.js';
import { describeFailure } from './failures.js';
import { receivers, records } from './proxies.js';
import { clusterSearchAttributes } from './searchAttributes.js';

/** Tells one webhook of one event: attempt by attempt, for a day at most. Nothing waits for it. */
export async function webhookDelivery(input: WebhookDeliveryInput): Promise<void> {
  try {
    await receivers.deliverWebhook(input);
  } catch (error) {
    await records.giveUpWebhook(input, describeFailure(error));
  }
}

/** Each webhook in a workflow of its own, which outlives the cluster's: a dead receiver is in nobody's way. */
export async function tellWebhooks({ webhooks, event }: TasksetNews): Promise<void> {
  for (const webhook of webhooks) {
    const input = { project: event.project, webhook, event };
    try {
      await startChild(webhookDelivery, {
        workflowId: webhookWorkflowId(input),
        args: [input],
        parentClosePolicy: ParentClosePolicy.ABANDON,
        // A run that was reset tells again: receivers know the delivery by its id.
        workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
        staticSummary: `${webhook}: ${event.type} of ${event.cluster}`.slice(0, 190),
        typedSearchAttributes: clusterSearchAttributes(event.project, event.cluster),
      });
    } catch (error) {
      // The run that was reset has begun it, and it is still trying.
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
  }
}
