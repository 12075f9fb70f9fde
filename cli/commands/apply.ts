import { readFile } from 'node:fs/promises';

import type { Command } from 'commander';
import { parse } from 'yaml';

import { CliError } from '../client.js';
import { ExitCode } from '../exitCodes.js';
import { clustersPath } from '../paths.js';
import type { CommandContext } from '../program.js';
import { waitAndReport } from './wait.js';

export function applyCommand(program: Command, context: CommandContext): void {
  program
    .command('apply')
    .description('create a cluster, or change it to what the file says')
    .requiredOption('-f, --file <file>', 'the Cluster as YAML or JSON; - reads standard input')
    .option('-w, --wait', 'show progress until it is READY or failed')
    .action(async ({ file, wait = false }: { file: string; wait?: boolean }) => {
      const session = context.session();
      const text = await readDocument(file);
      const name = nameIn(text, file);
      // YAML holds JSON: one type serves both.
      await session.client.send('POST', clustersPath(session.project), {
        type: 'application/yaml',
        text,
      });
      context.out(`cluster ${name} is submitted to project ${session.project}`);
      if (wait) await waitAndReport(context, session, name);
    });
}

async function readDocument(file: string): Promise<string> {
  try {
    return await readFile(file === '-' ? '/dev/stdin' : file, 'utf8');
  } catch {
    throw new CliError(`${file} cannot be read`, ExitCode.NotFound);
  }
}

function nameIn(text: string, file: string): string {
  try {
    const document = parse(text, { maxAliasCount: 100 }) as {
      metadata?: { name?: unknown };
    } | null;
    const name = document?.metadata?.name;
    if (typeof name === 'string') return name;
  } catch (error) {
    throw new CliError(`${file}: ${String(error)}`, ExitCode.BadDocument);
  }
  throw new CliError(`${file}: metadata.name is missing`, ExitCode.BadDocument);
}
