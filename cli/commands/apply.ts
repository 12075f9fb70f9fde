import { readFile } from 'node:fs/promises';

import type { Command } from 'commander';
import { parse } from 'yaml';

import { CliError } from '../client.js';
import { ExitCode } from '../exitCodes.js';
import { clustersPath } from '../paths.js';
import { planLines, type Plan } from '../planLines.js';
import type { CommandContext } from '../program.js';
import { waitAndReport } from './wait.js';

interface ApplyOptions {
  file: string;
  wait?: boolean;
  dryRun?: boolean;
  force?: boolean;
}

export function applyCommand(program: Command, context: CommandContext): void {
  program
    .command('apply')
    .description('create a cluster, or change it to what the file says')
    .requiredOption('-f, --file <file>', 'the Cluster as YAML or JSON; - reads standard input')
    .option('-w, --wait', 'show progress until it is READY or failed')
    .option('--dry-run', 'say what would be done, and change nothing')
    .option(
      '--force',
      'take out machines that leave and do not answer; they are listed as ORPHANED',
    )
    .action(async ({ file, wait = false, dryRun = false, force = false }: ApplyOptions) => {
      const session = context.session();
      const text = await readDocument(file);
      const name = nameIn(text, file);
      const path = clustersPath(session.project);
      const forced = force ? 'force=true' : '';
      // YAML holds JSON: one type serves both.
      const body = { type: 'application/yaml', text };
      if (dryRun) {
        showPlan(context, await session.client.send('POST', `${path}?dryRun=true&${forced}`, body));
        return;
      }
      await session.client.send('POST', `${path}?${forced}`, body);
      context.out(`cluster ${name} is submitted to project ${session.project}`);
      if (wait) await waitAndReport(context, session, name);
    });
}

/** @throws CliError BadDocument where it would be refused. */
function showPlan(context: CommandContext, answer: string): void {
  const plan = JSON.parse(answer) as Plan;
  planLines(plan).forEach((line) => context.out(line));
  if (plan.refusals.length > 0) throw new CliError('it would be refused', ExitCode.BadDocument);
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
