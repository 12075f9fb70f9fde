import type { Command } from 'commander';

import { CliError } from '../client.js';
import { documentProblems, inFile } from '../documentProblems.js';
import { readDocuments, type FileDocument } from '../documents.js';
import { ExitCode } from '../exitCodes.js';
import type { CommandContext } from '../program.js';
import { readSettings } from '../session.js';

export function validateCommand(program: Command, context: CommandContext): void {
  program
    .command('validate')
    .description('check a file without a server: every problem at once, with its line')
    .requiredOption(
      '-f, --file <file>',
      'Clusters, Blueprints and Credentials; - reads standard input',
    )
    .action(async ({ file }: { file: string }) => {
      const documents = await readDocuments(file);
      const given = context.globals().project;
      const problems = (
        await Promise.all(
          documents.map(async (document) => {
            const project = given ?? projectOf(document, context);
            const found = await documentProblems(document, project);
            return inFile(document, found);
          }),
        )
      ).flat();
      if (problems.length > 0) {
        const many = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
        throw new CliError(`${file}: ${many}`, ExitCode.BadDocument, problems);
      }
      for (const { kind, name } of documents) context.out(`${kind.toLowerCase()} ${name} is valid`);
    });
}

/** Without `-p` a document is for the project that it names. */
function projectOf({ value }: FileDocument, { env, globals }: CommandContext): string {
  const own = (value['metadata'] as { project?: unknown } | undefined)?.project;
  return typeof own === 'string' ? own : readSettings(globals(), env).project;
}
