import { createHash } from 'node:crypto';

import { z } from '@hono/zod-openapi';

import { AppError, ErrorCode } from '../../core/errors.js';
import type { LabelRequirement } from '../../core/labels.js';
import { parseLabelSelector } from '../../core/spec/labelSelector.js';
import type { NameFilter } from '../../store/page.js';

/** What a `continue` says: of which list with which filters, and after which key. */
const tokenSchema = z.tuple([z.string(), z.unknown()]);
type Token = z.infer<typeof tokenSchema>;

const SCOPE_LENGTH = 16;

interface PageQuery {
  limit: number;
  offset: number;
  continue?: Token | undefined;
}

/**
 * The query of a list: its page and these filters. What is wrong with any of them, unknown names included, is
 * one error.
 */
export function listQuery<S extends z.ZodRawShape>(
  filters: S,
  limits: { limit: number; most: number } = { limit: 100, most: 1000 },
) {
  return z
    .strictObject({
      limit: z.coerce.number().int().min(1).max(limits.most).default(limits.limit),
      offset: z.coerce
        .number()
        .int()
        .min(0)
        .max(Number.MAX_SAFE_INTEGER)
        .default(0)
        .meta({ description: 'How many to leave out; not with `continue`' }),
      continue: z.string().transform(readToken).optional().meta({
        description: '`metadata.continue` of the page before: goes on exactly after its last item',
      }),
      user_agent: z.string().optional().meta({ description: 'Some clients send it; not used' }),
      ...filters,
    })
    .refine((query) => !isBoth(query as Partial<PageQuery>), {
      path: ['offset'],
      error: 'not together with continue',
      // Also when something else is wrong: all problems are told at once.
      when: () => true,
    });
}

function isBoth({ continue: token, offset = 0 }: Partial<PageQuery>): boolean {
  return token !== undefined && offset > 0;
}

/** One of these words, or several with commas between them. */
export function wordsFilter<T extends string>(words: readonly T[], description: string) {
  return z
    .string()
    .transform((text, context): T[] =>
      text.split(',').flatMap((part) => {
        const word = words.find((one) => one === part.trim());
        if (word !== undefined) return [word];
        const message = `${JSON.stringify(part)} is none of ${words.join(', ')}`;
        context.addIssue({ code: 'custom', message });
        return [];
      }),
    )
    .optional()
    .meta({ description: `${description}; several with commas between them`, example: words[0] });
}

/** A name, or with `*` at the end all names that begin so. */
export function nameFilter(description = 'Of this name; `abc*`: whose name begins with `abc`') {
  return z
    .string()
    .min(1)
    .transform((text, context): NameFilter => {
      const star = text.indexOf('*');
      if (star === -1) return { exact: text };
      if (star === text.length - 1) return { prefix: text.slice(0, -1) };
      context.addIssue({ code: 'custom', message: '* is possible at the end only' });
      return z.NEVER;
    })
    .optional()
    .meta({ description });
}

export function labelFilter() {
  return z
    .string()
    .transform((text, context): LabelRequirement[] => {
      const { requirements, problems } = parseLabelSelector(text);
      for (const message of problems) context.addIssue({ code: 'custom', message });
      return requirements;
    })
    .optional()
    .meta({
      description: '`a=b`, `a!=b`, `a in (b,c)`, `a notin (b,c)`, `a`, `!a`, joined by commas',
      example: 'env=prod,tier notin (test,stage)',
    });
}

export interface ListPage<Key> {
  page: { limit: number; offset: number; after?: Key };
  /** The list's metadata, with `continue` when there is a next page. */
  metadata: (count: number, next: Key | undefined) => ListMetadata;
}

export interface ListMetadata {
  count: number;
  limit: number;
  offset: number;
  continue?: string;
}

export const listMetadataSchema = z
  .object({
    count: z.int().meta({ description: 'Of all that the filters hold for.' }),
    limit: z.int(),
    offset: z.int(),
    continue: z.string().optional().meta({ description: 'There is a next page: `?continue=`.' }),
  })
  .meta({ id: 'ListMetadata' });

/**
 * The page that a query asks for. `list` names the list and what it is of; `key` is what its items are ordered by.
 * @throws AppError InvalidRequest for a `continue` of another list or of other filters.
 */
export function pageOf<Key>(
  query: PageQuery,
  list: readonly string[],
  key: z.ZodType<Key>,
): ListPage<Key> {
  const { limit, offset, continue: token, ...filters } = query;
  const scope = createHash('sha256')
    .update(JSON.stringify([list, { ...filters, user_agent: undefined }]))
    .digest('base64url')
    .slice(0, SCOPE_LENGTH);
  return {
    page: { limit, offset, ...(token === undefined ? {} : { after: keyOf(token, scope, key) }) },
    metadata: (count, next) => ({
      ...{ count, limit, offset },
      ...(next === undefined ? {} : { continue: writeToken([scope, next]) }),
    }),
  };
}

function keyOf<Key>([scope, after]: Token, wanted: string, key: z.ZodType<Key>): Key {
  // It comes from outside: whatever it says, nothing but a key reaches a query.
  const parsed = key.safeParse(after);
  if (scope === wanted && parsed.success) return parsed.data;
  const message = 'is of another list or of other filters: begin again without it';
  throw new AppError(ErrorCode.InvalidRequest, 'the request is not valid', {
    problems: [{ path: 'continue', message }],
  });
}

function writeToken(token: Token): string {
  return Buffer.from(JSON.stringify(token)).toString('base64url');
}

function readToken(text: string, context: z.RefinementCtx): Token {
  try {
    return tokenSchema.parse(JSON.parse(Buffer.from(text, 'base64url').toString()));
  } catch {
    context.addIssue({ code: 'custom', message: 'is not a continue of a list' });
    return z.NEVER;
  }
}
