import { describe, it } from 'vitest';

import { describeRunner } from '../../test/ssh/runnerBehaviours.js';
import { sandboxAvailable } from '../../test/ssh/sandbox.js';
import { sandboxMachine } from '../../test/ssh/sandboxMachine.js';

if (sandboxAvailable) {
  describeRunner('on a machine without systemd', sandboxMachine);
} else {
  describe.skip('on a machine without systemd (needs Linux and root: a mount namespace)', () => {
    it('keeps what the runner promises');
  });
}
