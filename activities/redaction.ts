import { AppError, type StepFailure } from '../core/errors.js';
import type { StepRunResult } from '../machine/types.js';

/** What stands where a secret was. */
const SHOWN = '[secret]';
/** Shorter ones would take common words out of every line. */
const LEAST_LENGTH = 4;
/** `http://user:password@proxy`, whoever's it is: programs print the addresses that they were given. */
const IN_URL = /(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@:'"]*:[^\s/@'"]+@/gi;

/** Takes the secrets of a run out of what its machine says, before anybody writes it down. */
export interface Redaction {
  text: (text: string) => string;
  /** All but `results`: those are read, not shown. */
  result(result: StepRunResult): StepRunResult;
  error(error: unknown): unknown;
}

/**
 * Knows each secret as it is, as URLs, shells and JSON write it, and in base64. A machine's programs may print what they
 * were given: apt its proxy's address, kubeadm its tokens.
 */
export function redaction(secrets: readonly string[]): Redaction {
  const forms = [...new Set(secrets.filter(isLong).flatMap(formsOf))].filter(isLong);
  // The longest first: one may be a part of another.
  const known = forms.toSorted((a, b) => b.length - a.length).map(literal);
  const pattern = known.length === 0 ? undefined : new RegExp(known.join('|'), 'g');
  const text = (from: string): string => {
    const without = pattern === undefined ? from : from.replace(pattern, SHOWN);
    return without.replace(IN_URL, `$1${SHOWN}@`);
  };
  const failure = (of: StepFailure): StepFailure => ({
    ...of,
    ...(of.command === undefined ? {} : { command: text(of.command) }),
    ...(of.hint === undefined ? {} : { hint: text(of.hint) }),
    ...(of.lastLines === undefined ? {} : { lastLines: of.lastLines.map(text) }),
  });
  const error = (from: unknown): unknown => {
    if (!(from instanceof Error)) return typeof from === 'string' ? text(from) : from;
    const cause = error(from.cause);
    if (from instanceof AppError) {
      return new AppError(from.code, text(from.message), {
        problems: from.problems.map((each) => ({ ...each, message: text(each.message) })),
        ...(from.failure === undefined ? {} : { failure: failure(from.failure) }),
        ...(cause === undefined ? {} : { cause }),
      });
    }
    // Of any other class, which whoever catches it may look at: only its words change.
    from.message = text(from.message);
    if (from.stack !== undefined) from.stack = text(from.stack);
    if (cause !== undefined) from.cause = cause;
    return from;
  };
  return {
    text,
    result: (of) => ({
      ...of,
      lastLines: of.lastLines.map(text),
      ...(of.reason === undefined ? {} : { reason: text(of.reason) }),
      ...(of.command === undefined ? {} : { command: text(of.command) }),
      ...(of.hint === undefined ? {} : { hint: text(of.hint) }),
    }),
    error,
  };
}

function isLong(secret: string): boolean {
  return secret.length >= LEAST_LENGTH;
}

function formsOf(secret: string): string[] {
  const encoded = encodeURIComponent(secret);
  return [
    secret,
    encoded,
    encoded.replace(/[!'()*~]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`),
    secret.replaceAll("'", `'\\''`),
    JSON.stringify(secret).slice(1, -1),
    ...base64Forms(secret),
  ];
}

/** Whatever stands before it shifts the encoding: of each of the three shifts, the characters that are its own alone. */
function base64Forms(secret: string): string[] {
  const bytes = Buffer.from(secret);
  return [0, 1, 2].flatMap((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64');
    const own = text.slice(
      Math.ceil((shift * 8) / 6),
      Math.floor(((shift + bytes.length) * 8) / 6),
    );
    return [own, own.replaceAll('+', '-').replaceAll('/', '_')];
  });
}

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}
