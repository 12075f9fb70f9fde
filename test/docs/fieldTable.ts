import { z } from 'zod';

export interface FieldRow {
  fields: string[];
  does: string;
  shows: string;
  tests: TestName[];
}

export interface TestName {
  file: string;
  /** The test's own title, after those of its groups where they are needed to tell it from others. */
  title: string;
}

/** The rows of the section "Fields" of docs/api.md. */
export function fieldRows(markdown: string): FieldRow[] {
  const section = /\n## Fields\n([\s\S]*?)\n## /.exec(markdown)?.[1] ?? '';
  return section
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => {
      const [fields = '', does = '', shows = '', tests = '', ...more] = line.split(' | ');
      if (more.length > 0) throw new Error(`too many cells: ${line}`);
      return { fields: quoted(fields), does, shows, tests: quoted(tests).map(testName) };
    });
}

function quoted(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '');
}

function testName(text: string): TestName {
  const [file = '', ...titles] = text.split(' > ');
  return { file, title: titles.join(' > ') };
}

/** Every field that a document may have, the innermost: `spec.config.nodes[].ssh.port`. */
export function schemaFields(schema: z.ZodType, path = ''): string[] {
  const inner = unwrapped(schema);
  if (inner instanceof z.ZodArray) return schemaFields(inner.element as z.ZodType, `${path}[]`);
  if (!(inner instanceof z.ZodObject)) return [path];
  return Object.entries(inner.shape).flatMap(([key, of]) =>
    schemaFields(of as z.ZodType, path === '' ? key : `${path}.${key}`),
  );
}

function unwrapped(schema: z.ZodType): z.ZodType {
  return schema instanceof z.ZodOptional ? unwrapped(schema.unwrap() as z.ZodType) : schema;
}

/** A row of a field is a row of what is in it. */
export function covers(field: string, leaf: string): boolean {
  return leaf === field || leaf.startsWith(`${field}.`) || leaf.startsWith(`${field}[]`);
}
