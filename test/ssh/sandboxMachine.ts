import type { RunnerMachine } from './runnerMachine.js';
import { startSandbox } from './sandbox.js';
import { startSshServer } from './sshServer.js';

/** A machine without systemd, behind an SSH server in this process. */
export async function sandboxMachine(): Promise<RunnerMachine> {
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
}
