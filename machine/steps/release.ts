import type { StepModule } from './types.js';

/** Gives the machine back: the owner file goes last. */
export const releaseStep: StepModule = {
  name: 'release',
  script: ['release.sh'],
  finishes: true,
  timeoutSeconds: 120,
  params: () => ({}),
  withoutOwner: true,
};

/**
 * To be executed over the session once `release` is done and its result is read: its own run's files
 * are on tmpfs until then.
 */
export const FINAL_CLEANUP = [
  "systemctl reset-failed 'plinth-*' 2>/dev/null",
  // Where it is a mount point it stays, empty.
  'rm -rf /run/plinth /var/lib/plinth 2>/dev/null',
  'test -z "$(ls -A /var/lib/plinth /run/plinth 2>/dev/null | grep -v :)"',
].join('; ');
