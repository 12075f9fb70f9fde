import type { Client } from '@temporalio/client';
import type { temporal } from '@temporalio/proto';

/** Names our workers in Temporal, in whichever version. */
export const DEPLOYMENT = 'plinth';
/** In place of a build id: workers that tell Temporal no version, as those of the first plinths. */
export const UNVERSIONED = 'unversioned';

/** google.rpc.Code */
const NOT_FOUND = 5;
const PERMISSION_DENIED = 7;
const UNIMPLEMENTED = 12;
/** temporal.api.enums.v1.WorkerDeploymentVersionStatus, in its order. */
const STATUSES = ['unknown', 'new', 'current', 'ramping', 'draining', 'drained', 'new'] as const;
/** temporal.api.enums.v1.WorkerVersioningMode */
const VERSIONED = 2;
/** temporal.api.enums.v1.TaskQueueType: of workflows, of activities. */
const QUEUE_TYPES = [1, 2] as unknown as readonly temporal.api.enums.v1.TaskQueueType[];
/** A worker asks for work at least once a minute, whether there is any or not. */
const ALIVE_MS = 90_000;

export interface DeployedVersion {
  buildId: string;
  /** `new`: never given work yet. `draining`: replaced; what it has begun goes on in the current one. */
  status: (typeof STATUSES)[number];
}

export interface DeploymentState {
  /** The build that gets all work, or `unversioned`. */
  current: string;
  /** Those that Temporal knows, newest first. */
  versions: DeployedVersion[];
  /** Of this state: a change that was decided on it fails when somebody else was faster. */
  token?: Uint8Array;
}

export interface WorkerOfVersion {
  buildId: string;
  /** `PID@HOST`. */
  identity: string;
}

/** What Temporal knows of the versions of our workers, and where it sends work. */
export interface Deployment {
  /** `undefined`: this Temporal keeps no versions (older than 1.28, or switched off), or not for us. */
  read(): Promise<DeploymentState | undefined>;
  /** Workers that have asked for work within 90 s. With several partitions, an idle one may be missing now and then. */
  workers(): Promise<WorkerOfVersion[]>;
  /**
   * From now on all work goes to this build, or to `unversioned`: of workflows under way, too, from their next task on.
   * @throws Temporal's own error where no worker of it polls, or where the state is another than that of `token`.
   */
  setCurrent(buildId: string, token?: Uint8Array): Promise<void>;
}

export function openDeployment(
  { workflowService }: Pick<Client['connection'], 'workflowService'>,
  { namespace, taskQueue }: { namespace: string; taskQueue: string },
): Deployment {
  return {
    async read() {
      try {
        const { workerDeploymentInfo, conflictToken } =
          await workflowService.describeWorkerDeployment({ namespace, deploymentName: DEPLOYMENT });
        return {
          current:
            workerDeploymentInfo?.routingConfig?.currentDeploymentVersion?.buildId ?? UNVERSIONED,
          versions: (workerDeploymentInfo?.versionSummaries ?? []).map(
            ({ deploymentVersion, status }) => ({
              buildId: deploymentVersion?.buildId ?? '',
              status: STATUSES[Number(status)] ?? 'unknown',
            }),
          ),
          token: conflictToken,
        };
      } catch (error) {
        const code = codeOf(error);
        if (code === NOT_FOUND) return { current: UNVERSIONED, versions: [] };
        if (code === PERMISSION_DENIED || code === UNIMPLEMENTED) return undefined;
        throw error;
      }
    },
    async workers() {
      const answers = await Promise.all(
        QUEUE_TYPES.map((taskQueueType) =>
          workflowService.describeTaskQueue({
            ...{ namespace, taskQueue: { name: taskQueue } },
            taskQueueType,
          }),
        ),
      );
      const pollers = answers.flatMap((answer) =>
        answer.pollers.map(({ identity, lastAccessTime, deploymentOptions: options }) => ({
          identity: identity ?? '',
          at: Number(lastAccessTime?.seconds ?? 0) * 1000,
          buildId:
            options?.deploymentName === DEPLOYMENT &&
            Number(options.workerVersioningMode) === VERSIONED
              ? (options.buildId ?? '')
              : UNVERSIONED,
        })),
      );
      // By the server's clock alone: ours may be another.
      const now = Math.max(...pollers.map(({ at }) => at));
      const alive = pollers.filter(({ at }) => now - at < ALIVE_MS);
      const each = new Map(alive.map((one) => [`${one.buildId} ${one.identity}`, one]));
      return [...each.values()].map(({ buildId, identity }) => ({ buildId, identity }));
    },
    async setCurrent(buildId, token) {
      await workflowService.setWorkerDeploymentCurrentVersion({
        namespace,
        deploymentName: DEPLOYMENT,
        buildId: buildId === UNVERSIONED ? '' : buildId,
        ...(token === undefined ? {} : { conflictToken: token }),
      });
    },
  };
}

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}
