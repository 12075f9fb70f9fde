import { createHash } from 'node:crypto';

import type { TypedResponse } from 'hono';

import type { Precondition } from '../../store/precondition.js';
import type { ApiContext } from '../env.js';
import { wantsYaml } from './wantsYaml.js';

const HASH_LENGTH = 22;

/**
 * A JSON answer with an `ETag`, or 304 without a body when the client has it already. For a cluster the tag
 * begins with its resource version, so that any tag of it can be sent back as `If-Match`.
 */
export function taggedJson<T>(
  c: ApiContext,
  value: T,
  version?: string,
): Response & TypedResponse<T, 200, 'json'> {
  return answerTagged<T>(c, taggedText(JSON.stringify(value)), version);
}

/** JSON as it is sent, with the hash for its `ETag`. */
export interface TaggedText {
  text: string;
  hash: string;
}

export function taggedText(text: string): TaggedText {
  const hash = createHash('sha256').update(text).digest('base64url').slice(0, HASH_LENGTH);
  return { text, hash };
}

/** Its `ETag`: with the version of what has one, and the form of what is not sent as JSON. */
export function tagOf({ hash }: TaggedText, { version = '', form = '' } = {}): string {
  return `"${version === '' ? '' : `${version}.`}${hash}${form}"`;
}

/** As `taggedJson`, of a `T` that was written before. */
export function answerTagged<T>(
  c: ApiContext,
  tagged: TaggedText,
  version?: string,
): Response & TypedResponse<T, 200, 'json'> {
  // The same content as YAML is another sequence of bytes, so another tag.
  const form = wantsYaml(c) ? '.yaml' : '';
  const tag = tagOf(tagged, { version, form });
  const headers = { etag: tag, vary: 'Accept', 'cache-control': 'private, no-cache' };
  const known = c.req.header('if-none-match');
  const answer =
    known !== undefined && tagsOf(known).some((one) => one === '*' || one === tag.slice(1, -1))
      ? c.body(null, 304, headers)
      : c.body(tagged.text, 200, { ...headers, 'content-type': 'application/json' });
  return answer as unknown as Response & TypedResponse<T, 200, 'json'>;
}

/**
 * `If-Match` and `If-None-Match: *` of a request that changes a cluster. `If-Match` takes what `ETag` said of
 * the cluster or its status, or its `metadata.resourceVersion`, with or without quotes.
 */
export function preconditionOf(c: ApiContext): { precondition?: Precondition } {
  const match = c.req.header('if-match');
  const absent = c.req.header('if-none-match')?.trim() === '*';
  if (match === undefined && !absent) return {};
  return {
    precondition: {
      ...(match === undefined ? {} : { match: tagsOf(match).map(versionOf) }),
      ...(absent ? { absent } : {}),
    },
  };
}

function versionOf(tag: string): string {
  return tag.split('.')[0] ?? tag;
}

/** The tags of a list, without quotes and without the mark of weak ones, which proxies add. */
function tagsOf(header: string): string[] {
  return header
    .split(',')
    .map((tag) =>
      tag
        .trim()
        .replace(/^W\//, '')
        .replace(/^"(.*)"$/, '$1'),
    )
    .filter((tag) => tag !== '');
}
