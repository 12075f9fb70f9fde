import type { Command } from 'commander';

import { CliError } from '../client.js';
import { ExitCode } from '../exitCodes.js';
import { readList } from '../lists.js';
import { clusterPath, nodePath } from '../paths.js';
import type { CommandContext } from '../program.js';
import type { NodeOfList } from './getClusterThings.js';

export function acceptHostKeyCommand(program: Command, context: CommandContext): void {
  program
    .command('accept-host-key <cluster> <hostname>')
    .description("trust a machine's changed SSH host key, once you have compared it")
    .option('--fingerprint <sha256>', 'the key that you checked, SHA256:…; left out, you are asked')
    .action(async (name: string, hostname: string, options: { fingerprint?: string }) => {
      const fingerprint = options.fingerprint ?? (await askPerson(context, name, hostname));
      const { client, project } = context.session();
      await client.send('POST', `${nodePath(project, name, hostname)}/accept-host-key`, {
        type: 'application/json',
        text: JSON.stringify({ fingerprint }),
      });
      context.out(`${fingerprint} is trusted for node ${hostname} of cluster ${name}`);
      context.out(`plinth retry ${name} goes on where it stopped`);
    });
}

/** Shows what was seen and what is known. @throws CliError Conflict when nothing waits; Usage without a terminal. */
async function askPerson(
  { ask, session }: CommandContext,
  name: string,
  hostname: string,
): Promise<string> {
  const { client, project } = session();
  const { items } = await readList<NodeOfList>(client, `${clusterPath(project, name)}/nodes`, {
    filters: { name: hostname },
  });
  const [node] = items;
  if (node === undefined) {
    throw new CliError(`cluster ${name} has no node ${hostname}`, ExitCode.NotFound);
  }
  const ofBastion = node.hostKey?.pending === undefined;
  const key = ofBastion ? node.bastionHostKey : node.hostKey;
  if (key?.pending === undefined) {
    throw new CliError(`the host key of ${hostname} has not changed`, ExitCode.Conflict);
  }
  const { fingerprint } = key.pending;
  const whose = ofBastion ? `the bastion of ${hostname}` : hostname;
  const facts = `${whose} shows ${fingerprint}; trusted is ${key.fingerprint}`;
  const answer = await ask?.(
    `${facts}.\nCompare it with \`ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub\` on the machine's own console.\nTrust it? (yes/no) `,
  );
  if (answer === undefined) {
    throw new CliError(
      `${facts}; compare it on the machine's own console, then give --fingerprint`,
      ExitCode.Usage,
    );
  }
  if (answer.trim() !== 'yes') throw new CliError('nothing was changed', ExitCode.Usage);
  return fingerprint;
}
