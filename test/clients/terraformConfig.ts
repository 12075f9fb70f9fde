import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { ensureHcl } from '../../scripts/ensureHcl.js';

const FOLDER = fileURLToPath(new URL('../../examples/terraform/', import.meta.url));

export interface Variable {
  description?: string;
  type: string;
  sensitive?: boolean;
  default?: unknown;
}

/** What the files of `examples/terraform` say together; references as text, `${var.name}`. */
export interface TerraformConfig {
  providers: Record<string, Record<string, unknown>>;
  variables: Record<string, Variable>;
  resources: Record<string, Record<string, Record<string, unknown>>>;
  outputs: Record<string, { value: string }>;
}

type Blocks<T> = Record<string, T>[];
interface Parsed {
  provider?: Blocks<Record<string, unknown>>;
  variable?: Blocks<Variable>;
  resource?: Blocks<Record<string, Record<string, unknown>>>;
  output?: Blocks<{ value: string }>;
}

/** @throws Error where a file is not HCL. */
export async function readTerraformExample(): Promise<TerraformConfig> {
  const program = await ensureHcl();
  const files = readdirSync(FOLDER).filter((name) => name.endsWith('.tf'));
  const parsed = await Promise.all(
    files.map(async (file) => {
      const { stdout } = await promisify(execFile)(
        program,
        ['--quiet', '--strip-string-quotes', '--no-explicit-blocks', file],
        { cwd: FOLDER },
      );
      return JSON.parse(stdout) as Parsed;
    }),
  );
  const merged = <T>(blocks: (one: Parsed) => Blocks<T> | undefined): Record<string, T> =>
    Object.assign({}, ...parsed.flatMap((one) => blocks(one) ?? [])) as Record<string, T>;
  return {
    providers: merged((one) => one.provider),
    variables: merged((one) => one.variable),
    resources: merged((one) => one.resource),
    outputs: merged((one) => one.output),
  };
}

/** The names of the variables that a value refers to. */
export function variablesOf(value: unknown): string[] {
  return [...JSON.stringify(value).matchAll(/\bvar\.(\w+)/g)].map(([, name = '']) => name);
}

/** The value with every `${…}` in it replaced. @throws Error for a reference that `values` does not have. */
export function evaluated<T>(value: T, values: Readonly<Record<string, string>>): T {
  const text = JSON.stringify(value).replace(/\$\{([\w.]+)\}/g, (_, reference: string) => {
    const found = values[reference];
    if (found === undefined) throw new Error(`nothing is known of ${reference}`);
    return found;
  });
  return JSON.parse(text) as T;
}
