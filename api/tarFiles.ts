import { gunzipSync } from 'node:zlib';

import { MAX_ADDON_FILES, MAX_BLUEPRINT_BYTES } from '../core/spec/limits.js';

const BLOCK = 512;

export type TarFiles = { files: Record<string, string> } | { problem: string };

/**
 * The text files of a gzip'd tar archive by their paths; a folder that holds everything is left out. Links, devices and
 * paths that leave the archive are refused. Never throws.
 */
export function tarFiles(archive: Buffer): TarFiles {
  let tar: Buffer;
  try {
    tar = gunzipSync(archive, { maxOutputLength: MAX_BLUEPRINT_BYTES });
  } catch (error) {
    const tooLarge = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    return { problem: tooLarge ? 'unpacks to too much' : 'gives no .tar.gz' };
  }
  const files: Record<string, string> = {};
  let longName: string | undefined;
  for (let at = 0; at + BLOCK <= tar.length;) {
    const header = tar.subarray(at, at + BLOCK);
    if (header.every((byte) => byte === 0)) break;
    const size = Number.parseInt(textOf(header, 124, 12).trim() || '0', 8);
    if (!Number.isSafeInteger(size) || size < 0 || at + BLOCK + size > tar.length) {
      return { problem: 'gives a damaged archive' };
    }
    const body = tar.subarray(at + BLOCK, at + BLOCK + size);
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
    const type = textOf(header, 156, 1);
    if (type === 'x') longName = paxPath(body.toString()) ?? longName;
    else if (type === 'L') longName = body.toString().replace(/\0+$/, '');
    else if (type === '' || type === '0') {
      const name = (longName ?? nameOf(header)).replace(/^(\.\/)+/, '');
      longName = undefined;
      const text = decoded(body);
      if (text === undefined) return { problem: `holds ${name}, which is not UTF-8 text` };
      if (Object.keys(files).length >= MAX_ADDON_FILES) {
        return { problem: `holds more than ${String(MAX_ADDON_FILES)} files` };
      }
      files[name] = text;
    } else if (type !== '5' && type !== 'g') {
      return { problem: `holds ${longName ?? nameOf(header)}, which is no plain file` };
    }
  }
  return { files: withoutCommonFolder(files) };
}

function textOf(header: Buffer, from: number, length: number): string {
  return header.toString('latin1', from, from + length).replace(/\0[\s\S]*$/, '');
}

function nameOf(header: Buffer): string {
  const prefix = textOf(header, 257, 5) === 'ustar' ? textOf(header, 345, 155) : '';
  const name = textOf(header, 0, 100);
  return prefix === '' ? name : `${prefix}/${name}`;
}

function paxPath(body: string): string | undefined {
  return /^\d+ path=(.*)$/m.exec(body)?.[1];
}

function decoded(body: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    return undefined;
  }
}

/** What GitHub's archives, say, have around everything. */
function withoutCommonFolder(files: Record<string, string>): Record<string, string> {
  const names = Object.keys(files);
  const folder = /^[^/]+\//.exec(names[0] ?? '')?.[0];
  if (folder === undefined || !names.every((name) => name.startsWith(folder))) return files;
  return Object.fromEntries(
    Object.entries(files).map(([name, text]) => [name.slice(folder.length), text]),
  );
}
