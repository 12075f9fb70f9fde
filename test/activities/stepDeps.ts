import type { ActivityDeps } from '../../activities/deps.js';
import type { StepRun, StepRunResult } from '../../machine/types.js';
import type { Store } from '../../store/types.js';
import { createVault } from '../../vault/vault.js';

type Results = StepRunResult['results'];

/**
 * What steps need, over a real store: machines that are asked nothing but to run them. `ends` says when, with what results,
 * and `said` what else of a run is not as in one that is done.
 */
export function stepDeps(
  store: Store,
  ends: (on: string, run: StepRun, signal?: AbortSignal) => Results | Promise<Results>,
  said: (run: StepRun) => Partial<StepRunResult> = () => ({}),
): ActivityDeps {
  const untouched = (): never => {
    throw new Error('nothing is sent');
  };
  return {
    store,
    vault: createVault({ masterKey: Buffer.alloc(32, 1) }),
    machines: {
      with: (target, work) =>
        work({
          node: target.node,
          hostKey: { key: 'k', fingerprint: 'f' },
          runStep: async (run, hooks) => ({
            ...{ outcome: 'done', results: await ends(target.node, run, hooks?.signal) },
            ...{ lastLines: [], startedAt: 1, endedAt: 2, bootId: 'b', reattached: false },
            ...said(run),
          }),
          exec: untouched,
          cancelRun: () => Promise.resolve(),
          ensureArtifacts: untouched,
        }),
      close: () => Promise.resolve(),
    },
    source: { catalog: { source: 'bundle', artifacts: [] }, open: untouched, manifest: untouched },
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
  };
}
