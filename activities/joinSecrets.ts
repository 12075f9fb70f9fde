import { randomBytes } from 'node:crypto';

import type { ClusterRecord, NodeStepRecord } from '../core/records.js';
import type { JoinSecrets } from '../machine/steps/types.js';
import type { ActivityDeps } from './deps.js';
import { isLeader, type LoadedCluster } from './load.js';
import type { OperationRef, StepRef } from './refs.js';
import { secretsOwner } from './targets.js';

type Drawn = Omit<JoinSecrets, 'caCertHash'>;

/** The token of `kubeadm init` lives for half an hour; one that is about to end is not begun with. */
const FIRST_TOKEN_MS = 20 * 60_000;
const KEPT_MS = 3_600_000;

/**
 * The token that the first control plane is initialised with, for the workers of the same taskset: nobody
 * makes another one on a machine that has just come up.
 */
export async function drawFirstToken(deps: ActivityDeps, ref: OperationRef): Promise<JoinSecrets> {
  const drawn = await draw(deps, ref, firstTokenName(ref), { token: newToken() });
  return { ...drawn, caCertHash: '' };
}

/** That token, while it is good for a worker's first attempt; undefined: one has to be made. */
export async function firstToken(
  deps: ActivityDeps,
  { ref, loaded, attempt }: { ref: StepRef; loaded: LoadedCluster; attempt: number },
): Promise<JoinSecrets | undefined> {
  if (ref.step !== 'kubeadm-join' || attempt !== 1) return undefined;
  const caCertHash = caCertHashOf(loaded.record);
  const init = loaded.nodes.find(isLeader)?.steps['kubeadm-init'];
  if (caCertHash === undefined || init === undefined || !isFresh(init, ref)) return undefined;
  const sealed = await deps.store.secrets.get(secretsOwner(ref), firstTokenName(ref));
  if (sealed === undefined) return undefined;
  return { ...open(deps, ref, sealed), caCertHash };
}

function caCertHashOf({ applied }: ClusterRecord): string | undefined {
  return applied.caCertHash === '' ? undefined : applied.caCertHash;
}

/** Made in this taskset, a moment ago. A skipped initialisation made no token. */
function isFresh(init: NodeStepRecord, { tasksetId }: OperationRef): boolean {
  return (
    init.state === 'done' &&
    init.tasksetId === tasksetId &&
    Date.now() - (init.startedAt ?? 0) < FIRST_TOKEN_MS
  );
}

/**
 * A token, and for a control plane a certificate key, for one attempt of one node: drawn once and kept sealed,
 * so that whoever goes on with the attempt uses the same ones.
 */
export function drawJoinSecrets(deps: ActivityDeps, ref: StepRef, attempt: number): Promise<Drawn> {
  return draw(deps, ref, joinSecretName(ref, attempt), {
    token: newToken(),
    ...(ref.step === 'kubeadm-join-control-plane'
      ? { certificateKey: randomBytes(32).toString('hex') }
      : {}),
  });
}

export async function forgetJoinSecrets(
  deps: ActivityDeps,
  ref: StepRef,
  attempt: number,
): Promise<void> {
  await deps.store.secrets.remove(secretsOwner(ref), joinSecretName(ref, attempt));
}

async function draw(
  deps: ActivityDeps,
  ref: OperationRef,
  name: string,
  fresh: Drawn,
): Promise<Drawn> {
  const owner = secretsOwner(ref);
  const kept = await deps.store.secrets.putIfAbsent(
    owner,
    name,
    deps.vault.seal(owner, JSON.stringify(fresh)),
    { expiresAt: new Date(Date.now() + KEPT_MS) },
  );
  return open(deps, ref, kept);
}

function open(deps: ActivityDeps, ref: OperationRef, sealed: string): Drawn {
  return JSON.parse(deps.vault.open(secretsOwner(ref), sealed)) as Drawn;
}

const newToken = (): string =>
  `${randomBytes(3).toString('hex')}.${randomBytes(8).toString('hex')}`;

const firstTokenName = (ref: OperationRef): string => `join:${ref.tasksetId}`;

const joinSecretName = (ref: StepRef, attempt: number): string =>
  `join:${ref.tasksetId}:${ref.hostname}:${String(attempt)}`;
