import type { StepModule } from './types.js';

/** Gives the machine back: the owner file goes last. */
export const releaseStep: StepModule = {
  name: 'release',
  script: ['release.sh'],
  timeoutSeconds: 120,
  params: () => ({}),
  withoutOwner: true,
};

/**
 * To be executed over the session once `release` is done and its result is read: its own run's files
 * are on tmpfs until then.
 */
export const FINAL_CLEANUP =
  "systemctl reset-failed 'plinth-*' 2>/dev/null; rm -rf /var/lib/plinth /run/plinth";
