import { describe, expect, it } from 'vitest';

import { asWorker, Bystander, stepRun } from '../../test/ssh/runnerMachine.js';
import { describeRunner } from '../../test/ssh/runnerBehaviours.js';
import { sandboxAvailable } from '../../test/ssh/sandbox.js';
import { sandboxMachine } from '../../test/ssh/sandboxMachine.js';

if (sandboxAvailable) {
  describeRunner('on a machine without systemd', sandboxMachine);

  describe('a run that fills the disk', () => {
    it('still has a result, and the next one says which disk is full', async () => {
      const machine = await sandboxMachine();
      const bystander = new Bystander(machine.target);
      await bystander.sh(
        'mkdir -p /var/lib/plinth && mount -t tmpfs -o size=256k none /var/lib/plinth',
      );
      const fill = stepRun(
        'echo filling; head -c 1M /dev/zero >"$PLINTH_STATE/fill"; echo "no space" >"$PLINTH_RUN_DIR/hint"; exit 9',
      );
      await asWorker(machine.target, async (session) => {
        const result = { outcome: 'failed', exitCode: 9, hint: 'no space' };
        expect(await session.runStep(fill)).toMatchObject({ ...result, reattached: false });
        expect(await session.runStep(fill)).toMatchObject({ ...result, reattached: true });
        await expect(session.runStep(stepRun('true'))).rejects.toMatchObject({
          code: 'StepFailed',
          message: expect.stringContaining('/var/lib/plinth') as string,
        });
      });
      await bystander.close();
      await machine.close();
    });
  });
} else {
  describe.skip('on a machine without systemd (needs Linux and root: a mount namespace)', () => {
    it('keeps what the runner promises');
  });
}
