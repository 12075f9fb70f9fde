import { randomBytes } from 'node:crypto';

import { isLeader } from '../core/appliedState.js';
import { isControlPlane } from '../core/plan.js';
import type { NodeStepRecord } from '../core/records.js';
import type { FirstToken, JoinSecrets } from '../machine/steps/types.js';
import type { ActivityDeps } from './deps.js';
import type { LoadedCluster } from './load.js';
import { secretsOwner, type OperationRef, type StepRef } from './refs.js';

type Drawn = Omit<JoinSecrets, 'caCertHash'>;

/** kubeadm writes them one after another: workers beyond the first come when the control plane is up. */
const FIRST_WORKERS = 50;
/** Tokens live for half an hour; one that is about to end is not begun with. */
const FRESH_MS = 20 * 60_000;
const KEPT_MS = 3_600_000;

/**
 * The tokens that the first control plane is initialised with, one for each of the first workers: nobody makes
 * them on a machine that has just come up. By hostname.
 */
export async function drawFirstTokens(
  deps: ActivityDeps,
  ref: StepRef,
  loaded: LoadedCluster,
): Promise<FirstToken[]> {
  return Promise.all(
    firstWorkers(loaded).map(async (hostname) => ({
      hostname,
      token: (await drawJoinSecrets(deps, { ...ref, hostname, step: 'kubeadm-join' }, 1)).token,
    })),
  );
}

interface Join {
  ref: StepRef;
  loaded: LoadedCluster;
  attempt: number;
}

/** What a worker joins with whose token the initialisation or its own `join-token` has made; undefined: one has to be made. */
export async function madeBefore(deps: ActivityDeps, join: Join): Promise<JoinSecrets | undefined> {
  const { ref, loaded, attempt } = join;
  const { caCertHash } = loaded.record.applied;
  if (ref.step !== 'kubeadm-join' || caCertHash === undefined) return undefined;
  if (!madeByInit(join) && !madeByStep(join)) return undefined;
  return { ...(await drawJoinSecrets(deps, ref, attempt)), caCertHash };
}

function madeByInit({ ref, loaded, attempt }: Join): boolean {
  const init = loaded.nodes.find(isLeader)?.steps['kubeadm-init'];
  return attempt === 1 && isFresh(init, ref, loaded) && firstWorkers(loaded).includes(ref.hostname);
}

/** The same attempt of both steps draws the same token. */
function madeByStep({ ref, loaded, attempt }: Join): boolean {
  const made = loaded.nodes.find(({ hostname }) => hostname === ref.hostname)?.steps['join-token'];
  return made?.attempt === attempt && isFresh(made, ref, loaded);
}

function firstWorkers({ record }: LoadedCluster): string[] {
  const workers = record.desired.spec.config.nodes.filter((node) => !isControlPlane(node));
  return workers.slice(0, FIRST_WORKERS).map(({ hostname }) => hostname);
}

/** Made in this taskset, a moment ago, and not revoked since. A step that was skipped made no token. */
function isFresh(
  by: NodeStepRecord | undefined,
  { tasksetId }: OperationRef,
  { nodes }: LoadedCluster,
): boolean {
  const { startedAt = 0 } = by ?? {};
  const isRevoked = nodes.some(({ steps: { 'check-in': checkIn } }) => {
    return checkIn?.tasksetId === tasksetId && (checkIn.startedAt ?? 0) >= startedAt;
  });
  return (
    by?.state === 'done' &&
    by.tasksetId === tasksetId &&
    Date.now() - startedAt < FRESH_MS &&
    !isRevoked
  );
}

/**
 * A token, and for a control plane a certificate key, for one attempt of one node: drawn once and kept sealed,
 * so that whoever goes on with the attempt uses the same ones.
 */
export async function drawJoinSecrets(
  deps: ActivityDeps,
  ref: StepRef,
  attempt: number,
): Promise<Drawn> {
  const owner = secretsOwner(ref);
  const fresh = {
    token: newToken(),
    ...(ref.step === 'kubeadm-join-control-plane'
      ? { certificateKey: randomBytes(32).toString('hex') }
      : {}),
  };
  const kept = await deps.store.secrets.putIfAbsent(
    owner,
    joinSecretName(ref, attempt),
    deps.vault.seal(owner, JSON.stringify(fresh)),
    { expiresAt: new Date(Date.now() + KEPT_MS) },
  );
  return JSON.parse(deps.vault.open(owner, kept)) as Drawn;
}

export async function forgetJoinSecrets(
  deps: ActivityDeps,
  ref: StepRef,
  attempt: number,
): Promise<void> {
  await deps.store.secrets.remove(secretsOwner(ref), joinSecretName(ref, attempt));
}

const newToken = (): string =>
  `${randomBytes(3).toString('hex')}.${randomBytes(8).toString('hex')}`;

const joinSecretName = (ref: StepRef, attempt: number): string =>
  `join:${ref.tasksetId}:${ref.hostname}:${String(attempt)}`;
