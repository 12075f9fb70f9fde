import type { Command } from 'commander';

import { CliError } from '../client.js';
import { ExitCode } from '../exitCodes.js';
import type { CommandContext } from '../program.js';

interface Page {
  keyId: string;
  checked: number;
  changed: number;
  failed: { owner: string; name: string; message: string }[];
  next?: string;
}

const PATH = '/apis/system.k8smgmt.io/v3/secrets/rotate';

export function rotateSecretsCommand(program: Command, context: CommandContext): void {
  program
    .command('rotate-secrets')
    .description('encrypt all that is stored with the newest master key; may be repeated')
    .action(async () => {
      const { client } = context.session();
      const sum = { checked: 0, changed: 0 };
      const failed: Page['failed'] = [];
      let keyId: string;
      let after: string | undefined;
      do {
        const text = JSON.stringify(after === undefined ? {} : { after });
        const body = { type: 'application/json', text };
        const page = JSON.parse(await client.send('POST', PATH, body)) as Page;
        sum.checked += page.checked;
        sum.changed += page.changed;
        failed.push(...page.failed);
        ({ keyId, next: after } = page);
      } while (after !== undefined);
      context.out(
        `${String(sum.checked)} secrets: ${String(sum.changed)} encrypted with key ${keyId}, ${String(sum.checked - sum.changed - failed.length)} were already, ${String(failed.length)} failed`,
      );
      if (failed.length > 0) {
        const problems = failed.map(({ owner, name, message }) => ({
          path: `${owner} ${name}`,
          message,
        }));
        throw new CliError(
          'keep the older master key until these open',
          ExitCode.ServerError,
          problems,
        );
      }
    });
}
