import {
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  setCurrentDetails,
  setHandler,
  uuid4,
  workflowInfo,
} from '@temporalio/workflow';

import type { ClusterWorkflowInput } from '../core/clusterWorkflow.js';
import { tasksetDetails } from './details.js';
import { cancelSignal, changedSignal } from './messages.js';
import { records } from './proxies.js';
import { runTaskset } from './taskset.js';
import { tellWebhooks } from './webhookDelivery.js';

/** Every registration and approval is signalled; one that Temporal was away for is found by looking again. */
const LOOK_AGAIN = '2 min';

/**
 * The cluster's own workflow: its id is the lock. Does what is desired and not yet acted upon, taskset by
 * taskset; waits for machines that have yet to register or to be approved; applies that arrive meanwhile coalesce
 * to the newest generation. Ends when there is nothing to do, with what became of the last taskset, in words: the next
 * change starts it again.
 */
export async function cluster({
  requestId,
  ...input
}: ClusterWorkflowInput): Promise<string | undefined> {
  let changed = true;
  let origin = requestId;
  let running: CancellationScope | undefined;
  /** How the taskset before ended. */
  let last: string | undefined;
  setHandler(changedSignal, (from) => {
    changed = true;
    origin = from?.requestId ?? origin;
  });
  const stop = (): void => running?.cancel();
  setHandler(cancelSignal, stop);
  // Asked for in Temporal's Web UI it means the same: what is recorded of the end is never cut off.
  CancellationScope.current().cancelRequested.catch(stop);
  await CancellationScope.nonCancellable(doWhatIsDue);
  return last;

  async function doWhatIsDue(): Promise<void> {
    while (changed) {
      changed = false;
      const work = await records.takeWork({ ...input, tasksetId: newTasksetId() });
      if (work === undefined) {
        setCurrentDetails(['Nothing to do.', ...(last === undefined ? [] : [last])].join('\n\n'));
        continue;
      }
      if ('waiting' in work) {
        setCurrentDetails(work.waiting);
        await condition(() => changed, LOOK_AGAIN);
        changed = true;
        await startAnewWhenLong();
        continue;
      }
      const scope = new CancellationScope({ cancellable: true });
      running = scope;
      const onDeletion = work.deleting ? undefined : stopWhenDeleted(scope);
      // The change is there before the signal that tells of it: what stands with it is right, whoever was first.
      const asker = work.by === undefined ? origin : work.by.requestId;
      const outcomes = await scope.run(() => runTaskset(input, work, asker));
      running = undefined;
      last = tasksetDetails(work, outcomes);
      setCurrentDetails(last);
      await onDeletion;
      // Nobody listened, or an older plinth did not know how: then there is nothing to tell.
      const news = await records.endTaskset(input, work, outcomes);
      if (news !== undefined) await tellWebhooks(news);
      const failed = outcomes.some((outcome) => outcome.failed);
      if (work.deleting && !failed) {
        await records.removeCluster({ ...input, clusterId: work.clusterId });
      }
      changed = true;
      await startAnewWhenLong();
    }
  }

  async function startAnewWhenLong(): Promise<void> {
    if (!workflowInfo().continueAsNewSuggested) return;
    await condition(allHandlersFinished);
    await continueAsNew<typeof cluster>({
      ...input,
      ...(origin === undefined ? {} : { requestId: origin }),
    });
  }

  /** Nobody waits for the end of what is about to be deleted: it stops as a cancelled one does. */
  async function stopWhenDeleted(scope: CancellationScope): Promise<void> {
    while (running === scope) {
      await condition(() => changed || running !== scope);
      if (running !== scope) return;
      changed = false;
      if (await records.isDeleting(input)) scope.cancel();
    }
  }
}

/** 7 characters of a-z0-9, like the seed's `lk5xw2e`. */
function newTasksetId(): string {
  const hex = uuid4().replaceAll('-', '').slice(0, 14);
  return BigInt(`0x${hex}`).toString(36).slice(-7).padStart(7, '0');
}
