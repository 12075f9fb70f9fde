import { describe, it } from 'vitest';

import { sandboxAvailable } from '../../test/ssh/sandbox.js';
import { sandboxMachine } from '../../test/ssh/sandboxMachine.js';
import { describeTransfer } from '../../test/ssh/transferBehaviours.js';

if (sandboxAvailable) {
  describeTransfer('sending files', sandboxMachine);
} else {
  describe.skip('sending files (needs Linux and root: a mount namespace)', () => {
    it('keeps what it promises');
  });
}
