import type { Argument, Command, Option } from 'commander';

import type { Client } from './client.js';
import { configPath, readContexts } from './contexts.js';
import { readList } from './lists.js';
import { clusterPath, projectPath } from './paths.js';
import { openSession, type GlobalOptions } from './session.js';

/** Nobody waits longer for a Tab. */
const PATIENCE_MS = 2_000;
/** A shell shows no more, and a person reads no more. */
const MOST = 200;

/** Among the words for the shell: it is to complete the names of files itself. No other word begins with a colon. */
export const FILES = ':files';

/**
 * What may stand at the end of a command line, FILES where that is a file: `words` are those after `plinth`, the last one
 * as far as it was typed. Names come from the server, where there is a key; what cannot be had is left out, without a word.
 */
export async function complete(
  program: Command,
  words: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<string[]> {
  const { before, last, prefix } = asTyped(words);
  const place = walk(program, before);
  if (place.option !== undefined && takesFile(place.option)) return [FILES];
  const candidates = await candidatesFor(program, { ...place, last, env });
  return [...new Set(candidates)]
    .filter((word) => word.startsWith(last))
    .slice(0, MOST)
    .map((word) => `${prefix}${word}`);
}

/**
 * The words before the one to complete, and what of that is typed. To bash `=` and `:` are words of their own; to others
 * `--project=` is the beginning of each word that they can take.
 */
function asTyped(words: readonly string[]): { before: string[]; last: string; prefix: string } {
  const joined: string[] = [];
  for (const word of words) {
    const previous = joined.at(-1);
    const continues = /^[=:]$/.test(word) || (previous !== undefined && /[=:]$/.test(previous));
    if (continues && previous !== undefined) joined[joined.length - 1] = `${previous}${word}`;
    else joined.push(word);
  }
  const last = joined.pop() ?? '';
  const [, flag, value] = /^(--[a-z-]+)=([^]*)$/.exec(last) ?? [];
  if (flag === undefined || value === undefined) return { before: joined, last, prefix: '' };
  const isOneWord = words.at(-1) === last;
  return { before: [...joined, flag], last: value, prefix: isOneWord ? `${flag}=` : '' };
}

interface Place {
  command: Command;
  globals: GlobalOptions;
  /** Arguments so far. */
  operands: string[];
  /** The option whose value comes next. */
  option: Option | undefined;
}

function walk(program: Command, words: readonly string[]): Place {
  let command = program;
  let option: Option | undefined;
  const operands: string[] = [];
  const globals: Record<string, string> = {};
  for (const word of words) {
    if (option !== undefined) {
      if (program.options.includes(option)) globals[option.attributeName()] = word;
      option = undefined;
      continue;
    }
    if (word.startsWith('-')) {
      const [, flag = word, value] = /^(--[^=]+)=([^]*)$/.exec(word) ?? [];
      const found = optionsOf(program, command).find(
        ({ long, short }) => flag === long || flag === short,
      );
      if (found?.required !== true) continue;
      if (value === undefined) option = found;
      else if (program.options.includes(found)) globals[found.attributeName()] = value;
      continue;
    }
    const sub = command.commands.find((one) => one.name() === word);
    if (sub !== undefined && operands.length === 0) command = sub;
    else operands.push(word);
  }
  return { command, globals, operands, option };
}

function takesFile({ flags }: Option): boolean {
  return flags.endsWith('<file>');
}

function optionsOf(program: Command, command: Command): Option[] {
  return [...command.options, ...program.options];
}

async function candidatesFor(
  program: Command,
  {
    command,
    globals,
    operands,
    option,
    last,
    env,
  }: Place & { last: string; env: NodeJS.ProcessEnv },
): Promise<string[]> {
  if (option !== undefined) return valuesOf(option, { globals, operands, env });
  if (last.startsWith('-')) {
    const shown = optionsOf(program, command).filter((one) => !one.hidden);
    return ['--help', ...shown.map((one) => one.long ?? one.short ?? '')];
  }
  if (command.commands.length > 0) return command.commands.map((one) => one.name());
  const args = command.registeredArguments;
  const argument: Argument | undefined = args[operands.length] ?? args.find((one) => one.variadic);
  if (argument === undefined) return [];
  return argument.argChoices ?? namesOf(argument.name(), { globals, operands, env });
}

type Asking = Pick<Place, 'globals' | 'operands'> & { env: NodeJS.ProcessEnv };

function valuesOf(option: Option, asking: Asking): Promise<string[]> | string[] {
  if (option.argChoices !== undefined) return option.argChoices;
  switch (option.attributeName()) {
    case 'project':
    case 'defaultProject':
      return namesOf('project', asking);
    case 'context':
      return namesOf('context', asking);
    case 'node':
      return namesOf('hostname', asking);
    case 'taskset':
      return namesOf('taskset', asking);
    default:
      return [];
  }
}

async function namesOf(what: string, { globals, operands, env }: Asking): Promise<string[]> {
  try {
    if (what === 'context' || what === 'name') {
      return Object.keys(readContexts(configPath(env)).contexts);
    }
    const { client, project } = openSession(globals, env, PATIENCE_MS);
    const [cluster = ''] = operands;
    switch (what) {
      case 'cluster':
        return await named(client, `${projectPath(project)}/clustersummaries`, (one) => one.name);
      case 'project':
        return await named(
          client,
          '/apis/system.k8smgmt.io/v3/projects',
          (one) => one.metadata?.name,
        );
      case 'hostname':
      case 'hostnames':
        return await named(client, `${clusterPath(project, cluster)}/nodes`, (one) => one.hostname);
      case 'taskset':
        return await named(client, `${clusterPath(project, cluster)}/tasksets`, (one) => one.id);
      default:
        return [];
    }
  } catch {
    return [];
  }
}

/** Of any of the lists that names come from. */
interface Item {
  name?: string;
  id?: string;
  hostname?: string;
  metadata?: { name: string };
}

async function named(
  client: Client,
  path: string,
  name: (item: Item) => string | undefined,
): Promise<string[]> {
  const { items } = await readList<Item>(client, path, { limit: MOST, page: 100 });
  return items.flatMap((item) => name(item) ?? []);
}
