import type { Command } from 'commander';

import type { Problem } from '../../core/errors.js';
import { CliError } from '../client.js';
import { Kind, readDocuments, type FileDocument } from '../documents.js';
import { ExitCode } from '../exitCodes.js';
import type { CommandContext } from '../program.js';
import { readSettings } from '../session.js';

export function validateCommand(program: Command, context: CommandContext): void {
  program
    .command('validate')
    .description('check a file without a server: every problem at once, with its line')
    .requiredOption('-f, --file <file>', 'Clusters and Blueprints; - reads standard input')
    .action(async ({ file }: { file: string }) => {
      const documents = await readDocuments(file);
      const given = context.globals().project;
      const problems = (
        await Promise.all(
          documents.map(async (document) => {
            const project = given ?? projectOf(document, context);
            const found = await problemsOf(document, project);
            return found.map(({ path, message }) => ({
              path: `${file}:${document.position(path)}${path === '' ? '' : ` ${path}`}`,
              message,
            }));
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

async function problemsOf({ kind, value }: FileDocument, project: string): Promise<Problem[]> {
  if (kind === Kind.Cluster) return clusterProblems(value, project);
  if (kind === Kind.Blueprint) {
    const { blueprintProblems, sortedProblems } =
      await import('../../core/spec/parseBlueprint.js');
    return sortedProblems(blueprintProblems(value, project));
  }
  const message = 'a Credential is checked by the server, which knows what SSH can use';
  return [{ path: 'kind', message }];
}

/** What only the server knows (its blueprints, credentials, keys and other clusters) is taken to be right. */
async function clusterProblems(value: unknown, project: string): Promise<Problem[]> {
  const [{ parseCluster }, { withoutNulls }, { parseDocument }] = await Promise.all([
    import('../../core/spec/parseCluster.js'),
    import('../../core/spec/withoutNulls.js'),
    import('yaml'),
  ]);
  const raw = withoutNulls(value);
  const { blueprint, cloudCredentials } = namesIn(raw);
  const parsed = parseCluster(raw, {
    project,
    blueprints: new Map([[blueprint.name, [blueprint.version]]]),
    credentials: new Set(cloudCredentials),
    parseYaml: (text) => {
      const document = parseDocument(text, { prettyErrors: false });
      const [error] = document.errors;
      if (error !== undefined) throw new Error(error.message);
      return document.toJS({ maxAliasCount: 100 }) as unknown;
    },
  });
  return parsed.ok ? [] : parsed.problems;
}

/** What the document names, so that it is known. */
function namesIn(raw: unknown): {
  blueprint: { name: string; version: string };
  cloudCredentials: string[];
} {
  const spec = record(record(raw)['spec']);
  const { name, version } = record(spec['blueprint']);
  const config = record(spec['config']);
  const nodes: unknown[] = Array.isArray(config['nodes']) ? config['nodes'] : [];
  const bastions = [config, ...nodes].map((one) => record(record(record(one)['ssh'])['bastion']));
  return {
    blueprint: { name: text(name), version: text(version) },
    cloudCredentials: [spec, ...bastions].map((one) => text(one['cloudCredentials'])),
  };
}

function record(value: unknown): Record<string, unknown> {
  return value !== null && typeof value === 'object' ? (value as Record<string, unknown>) : {};
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
