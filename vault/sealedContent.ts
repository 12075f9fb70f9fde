import { createHash } from 'node:crypto';

import type { AddonContent, StoredContent } from '../core/blueprints.js';
import { AppError, ErrorCode } from '../core/errors.js';
import { stableJson } from '../core/stableJson.js';
import type { Vault } from './types.js';

/** Characters of one sealed piece: a document of the database holds 16 MiB at most. */
const CHUNK = 1024 * 1024;

export interface SealedContent {
  stored: StoredContent;
  /** What to keep, by the names that `openContent` asks for. */
  pieces: { name: string; sealed: string }[];
}

/** The content of an add-on, in sealed pieces, under a name that tells nothing of it: the same content has the same name. */
export function sealContent(vault: Vault, owner: string, content: AddonContent): SealedContent {
  const json = stableJson(content);
  const id = createHash('sha256').update(vault.keyedHash(json)).digest('hex').slice(0, 32);
  const text = Buffer.from(json).toString('base64');
  const chunks = Math.max(1, Math.ceil(text.length / CHUNK));
  return {
    stored: { id, size: Buffer.byteLength(json), chunks },
    pieces: Array.from({ length: chunks }, (_, chunk) => ({
      name: pieceName(id, chunk),
      sealed: vault.seal(owner, text.slice(chunk * CHUNK, (chunk + 1) * CHUNK)),
    })),
  };
}

/** @throws AppError Internal when a piece of it is gone. */
export async function openContent(
  vault: Vault,
  owner: string,
  { id, chunks }: Pick<StoredContent, 'id' | 'chunks'>,
  get: (owner: string, name: string) => Promise<string | undefined>,
): Promise<AddonContent> {
  const parts = await Promise.all(
    Array.from({ length: chunks }, async (_, chunk) => {
      const sealed = await get(owner, pieceName(id, chunk));
      if (sealed !== undefined) return vault.open(owner, sealed);
      throw new AppError(ErrorCode.Internal, `a part of the content of ${owner} is gone`);
    }),
  );
  return JSON.parse(Buffer.from(parts.join(''), 'base64').toString()) as AddonContent;
}

function pieceName(id: string, chunk: number): string {
  return `${id}/${String(chunk)}`;
}
