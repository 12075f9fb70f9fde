import { describe, it } from 'vitest';

import { describeRunner } from '../../test/ssh/runnerBehaviours.js';
import { sandboxAvailable, startSandbox } from '../../test/ssh/sandbox.js';
import { startSshServer } from '../../test/ssh/sshServer.js';

if (sandboxAvailable) {
  describeRunner('on a machine without systemd', async () => {
    const sandbox = await startSandbox();
    const server = await startSshServer({ onExec: sandbox.exec });
    return {
      target: server.target,
      cut: server.cut,
      close: async () => {
        await server.close();
        sandbox.close();
      },
    };
  });
} else {
  describe.skip('on a machine without systemd (needs Linux and root: a mount namespace)', () => {
    it('keeps what the runner promises');
  });
}
