import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';

/** Secrets by name; of a text of many lines every line is one. */
export type Planted = ReadonlyMap<string, string>;

/** Where a text came from, and the text. */
export interface Said {
  where: string;
  text: string;
  /** Names of the secrets that this one is there to tell: a new key, say. */
  tells?: readonly string[];
}

/** Lines of a key's file that are the same in every such file. */
const COMMON = /^-----|^Proc-Type|^DEK-Info|^$|^b3BlbnNzaC1rZXktdjEAAAAA/;
/** As long as no chance makes it. */
const LEAST_LENGTH = 8;

/** Whether a line is worth looking for. */
export function isLookedFor(line: string): boolean {
  return !COMMON.test(line);
}

/** Every form of a secret that a grep looks for: as it is, in URLs, JSON, base64 whatever stands before it, and hex. */
export function formsOf(secret: string): string[] {
  const lines = secret.split(/\r?\n/).filter(isLookedFor);
  const forms = lines.flatMap((line) => {
    const bytes = Buffer.from(line);
    const shifted = [0, 1, 2].flatMap((shift) => {
      const text = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64');
      // The first and the last characters hold bits of what stands beside it.
      const own = text.slice(
        Math.ceil((shift * 4) / 3),
        Math.floor(((shift + bytes.length) * 4) / 3),
      );
      return [own, own.replaceAll('+', '-').replaceAll('/', '_')];
    });
    return [
      ...[line, encodeURIComponent(line), JSON.stringify(line).slice(1, -1)],
      ...[bytes.toString('hex'), ...shifted],
    ];
  });
  const long = [...new Set(forms)].filter((form) => form.length >= LEAST_LENGTH);
  if (long.length === 0) throw new Error('too short to be looked for');
  return long;
}

/** Finds secrets in texts; says which, where and with what around them. */
export function tracesOf(planted: Planted): (said: Said) => string[] {
  const forms = [...planted].flatMap(([name, secret]) =>
    formsOf(secret).map((form) => [name, form] as const),
  );
  return ({ where, text, tells = [] }) => {
    const found = new Map<string, string>();
    for (const [name, form] of forms) {
      if (tells.includes(name) || found.has(name)) continue;
      const at = text.indexOf(form);
      if (at !== -1) found.set(name, JSON.stringify(text.slice(Math.max(0, at - 60), at + 20)));
    }
    return [...found].map(([name, around]) => `${name} in ${where}: …${around}…`);
  };
}

/** Every file below a folder as it lies there, but those that `leaveOut` names. */
export async function filesBelow(folder: string, leaveOut: RegExp): Promise<Said[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !leaveOut.test(relative(folder, path)));
  return Promise.all(
    paths.map(async (path) => ({
      where: relative(folder, path),
      text: (await readFile(path)).toString('latin1'),
    })),
  );
}

/** A value of any kind as text, with all bytes in it read as text: payloads of Temporal are bytes. */
export function textOf(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) => {
    if (each instanceof Uint8Array) return Buffer.from(each).toString('utf8');
    if (typeof each === 'bigint') return String(each);
    const buffer = each as { type?: unknown; data?: unknown } | null;
    if (buffer?.type === 'Buffer' && Array.isArray(buffer.data)) {
      return Buffer.from(buffer.data as number[]).toString('utf8');
    }
    return each;
  });
}

/** All texts within a value of any depth. */
export function leavesOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (value === null || typeof value !== 'object') return [];
  return Object.values(value).flatMap(leavesOf);
}
