import type { ActivityDeps } from '../../activities/deps.js';
import type { StepRun, StepRunResult } from '../../machine/types.js';
import type { Store } from '../../store/types.js';
import { createVault } from '../../vault/vault.js';

/** What steps need, over a real store: machines that are asked nothing but to run them, and `ends` says with what results. */
export function stepDeps(
  store: Store,
  ends: (on: string, run: StepRun) => StepRunResult['results'],
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
          runStep: (run) =>
            Promise.resolve({
              ...{ outcome: 'done', results: ends(target.node, run), lastLines: [] },
              ...{ startedAt: 1, endedAt: 2, bootId: 'b', reattached: false },
            }),
          exec: untouched,
          cancelRun: untouched,
          ensureArtifacts: untouched,
        }),
      close: () => Promise.resolve(),
    },
    source: { catalog: { source: 'bundle', artifacts: [] }, open: untouched, manifest: untouched },
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
  };
}
