import type { Problem } from '../core/errors.js';
import { Kind, type FileDocument } from './documents.js';

/** The problems with the place in the file where each is. */
export function inFile(
  { file, position }: Pick<FileDocument, 'file' | 'position'>,
  problems: readonly Problem[],
): Problem[] {
  return problems.map(({ path, message }) => ({
    path: `${file}:${position(path)}${path === '' ? '' : ` ${path}`}`,
    message,
  }));
}

/** Every problem of a document that can be told without a server. */
export async function documentProblems(
  { kind, value }: Pick<FileDocument, 'kind' | 'value'>,
  project: string,
): Promise<Problem[]> {
  if (kind === Kind.Cluster) return clusterProblems(value, project);
  if (kind === Kind.Blueprint) return blueprintProblems(value, project);
  const { credentialProblems } = await import('../core/spec/parseCredential.js');
  return credentialProblems(value, project);
}

/** What add-ons have by URL only the server reads. */
async function blueprintProblems(value: unknown, project: string): Promise<Problem[]> {
  const [{ blueprintProblems: ofForm, sortedProblems }, contents, { parseYamlDocuments }] =
    await Promise.all([
      import('../core/spec/parseBlueprint.js'),
      import('../core/spec/rules/contents.js'),
      import('../core/spec/yamlText.js'),
    ]);
  const inline = contents.inlineContents({ value, path: '' });
  return sortedProblems([
    ...ofForm(value, project),
    ...contents.contentProblems(inline, parseYamlDocuments),
  ]);
}

/**
 * Every problem of a Cluster that can be told without a server. What only the server knows (its blueprints, credentials,
 * keys and other clusters) is taken to be right.
 */
export async function clusterProblems(value: unknown, project: string): Promise<Problem[]> {
  const [{ parseCluster }, { withoutNulls }, { parseYaml }] = await Promise.all([
    import('../core/spec/parseCluster.js'),
    import('../core/spec/withoutNulls.js'),
    import('../core/spec/yamlText.js'),
  ]);
  const raw = withoutNulls(value);
  const { blueprint, cloudCredentials } = namesIn(raw);
  const parsed = parseCluster(raw, {
    project,
    blueprints: new Map([[blueprint.name, [blueprint.version]]]),
    credentials: new Set(cloudCredentials),
    parseYaml,
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
