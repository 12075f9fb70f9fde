import {
  ActivityCancellationType,
  proxyActivities,
  proxyLocalActivities,
} from '@temporalio/workflow';

import type { Activities } from '../activities/index.js';
import { WEBHOOK_GIVE_UP } from '../core/webhooks.js';

/** Reads and writes of the store: milliseconds, repeated until the database answers. */
export const records = proxyLocalActivities<
  Pick<
    Activities,
    | 'advanceRollout'
    | 'beginOperation'
    | 'beginRollout'
    | 'endOperation'
    | 'endTaskset'
    | 'failNode'
    | 'forgetNode'
    | 'giveUpWebhook'
    | 'isDeleting'
    | 'markControlPlaneUp'
    | 'markNodes'
    | 'orphanNode'
    | 'pruneSnapshots'
    | 'removeCluster'
    | 'takeWork'
  >
>({
  startToCloseTimeout: '20 s',
  // A database that is away comes back: nothing is given up for it. The failure shows in Temporal's UI meanwhile.
  retry: { initialInterval: '200 ms', backoffCoefficient: 2, maximumInterval: '10 s' },
});

/** First contact with a machine: one that is not there is known within a minute. */
export const contact = proxyActivities<Pick<Activities, 'gatherFacts'>>({
  startToCloseTimeout: '45 s',
  scheduleToCloseTimeout: '55 s',
  retry: { initialInterval: '1 s', backoffCoefficient: 1.5, maximumAttempts: 2 },
});

/** Checks over what is in the store. */
export const checks = proxyActivities<Pick<Activities, 'preflightCluster'>>({
  startToCloseTimeout: '60 s',
  retry: { initialInterval: '500 ms', backoffCoefficient: 2, maximumInterval: '10 s' },
});

/**
 * A step on a machine. Its own script has its own time limit; this one is only for a worker that hangs.
 * 30 s without a heartbeat: the worker is dead, another one finds the run on the machine and goes on following it.
 * 12 attempts: a machine that is away for about five minutes (a reboot, a switch) is waited for.
 */
export const steps = proxyActivities<
  Pick<
    Activities,
    'checkRestore' | 'runNodeStep' | 'runClusterStep' | 'storeKubeconfig' | 'takeSnapshot'
  >
>({
  startToCloseTimeout: '3 h',
  heartbeatTimeout: '30 s',
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  retry: {
    initialInterval: '500 ms',
    backoffCoefficient: 2,
    maximumInterval: '15 s',
    maximumAttempts: 12,
  },
});

/**
 * A page of the hourly work. 30 s without a heartbeat: the worker is dead. Asking takes seconds; machines that do not
 * answer take a minute, and there may be several hundred connections in a page of theirs.
 */
export const upkeepPages = proxyActivities<Pick<Activities, 'upkeepPage'>>({
  startToCloseTimeout: '10 min',
  heartbeatTimeout: '30 s',
  retry: {
    initialInterval: '1 s',
    backoffCoefficient: 2,
    maximumInterval: '30 s',
    maximumAttempts: 5,
  },
});

/** Other people's servers: away for a minute, a night, or for ever. */
export const receivers = proxyActivities<Pick<Activities, 'deliverWebhook'>>({
  startToCloseTimeout: '30 s',
  scheduleToCloseTimeout: WEBHOOK_GIVE_UP,
  retry: { initialInterval: '5 s', backoffCoefficient: 2, maximumInterval: '15 min' },
});
