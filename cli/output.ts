import { Option, type Command } from 'commander';

import { painted } from './colours.js';
import type { CommandContext } from './program.js';
import { table } from './table.js';

export const OUTPUTS = ['table', 'wide', 'json', 'yaml', 'name'] as const;
export type Output = (typeof OUTPUTS)[number];

export interface OutputOptions {
  output: Output;
  headers: boolean;
}

export interface Column<T> {
  header: string;
  of: (item: T) => string;
  /** Only with `-o wide`. */
  wide?: true;
}

/** Adds `-o` and `--no-headers`. */
export function withOutput(command: Command, preset: Output = 'table'): Command {
  return command
    .addOption(
      new Option('-o, --output <format>', 'what the answer looks like')
        .choices(OUTPUTS)
        .default(preset),
    )
    .option('--no-headers', 'a table without its first line');
}

/** For programs, who get all there is; people get a page. */
export function isForPrograms(output: Output): boolean {
  return output === 'json' || output === 'yaml' || output === 'name';
}

/** The rows of `-o table` and `-o wide`. */
export function printTable<T>(
  { out, paint }: CommandContext,
  items: readonly T[],
  columns: readonly Column<T>[],
  options: OutputOptions,
): void {
  const lines = table(shownRows(items, columns, options), (cell) => painted(cell, paint));
  if (lines.length > 0) out(lines.join('\n'));
}

/** Cell by cell, the headers first. */
export function shownRows<T>(
  items: readonly T[],
  columns: readonly Column<T>[],
  { output, headers }: OutputOptions,
): string[][] {
  const shown = columns.filter((column) => column.wide === undefined || output === 'wide');
  const head = headers ? [shown.map((column) => column.header)] : [];
  return [...head, ...items.map((item) => shown.map((column) => column.of(item)))];
}

/** The document of `-o json` and `-o yaml`. */
export async function printDocument(
  { out }: CommandContext,
  document: unknown,
  output: Output,
): Promise<void> {
  if (output === 'yaml') {
    const { stringify } = await import('./yaml.js');
    out(stringify(document).trimEnd());
  } else {
    out(JSON.stringify(document, null, 2));
  }
}

/** A list in whichever form was asked for. */
export async function printList<T>(
  context: CommandContext,
  items: readonly T[],
  {
    columns,
    name,
    options,
    empty,
  }: {
    columns: readonly Column<T>[];
    name: (item: T) => string;
    options: OutputOptions;
    /** What is said where there are none. */
    empty: string;
  },
): Promise<void> {
  const { output } = options;
  if (output === 'name') {
    if (items.length > 0) context.out(items.map(name).join('\n'));
  } else if (output === 'json' || output === 'yaml') {
    await printDocument(context, { items }, output);
  } else if (items.length === 0) {
    context.err(empty);
  } else {
    printTable(context, items, columns, options);
  }
}
