import { randomInt } from 'node:crypto';

const LETTERS = 'abcdefghijklmnopqrstuvwxyz';
const ALPHABET = `${LETTERS}0123456789`;
const LENGTH = 7;

/**
 * 7 characters of a-z0-9, the first a letter, like the wire's own ids. 56 thousand million of them: whoever
 * stores one under a unique index makes another when it is taken.
 */
export function newId(): string {
  const first = LETTERS.charAt(randomInt(LETTERS.length));
  const rest = Array.from({ length: LENGTH - 1 }, () =>
    ALPHABET.charAt(randomInt(ALPHABET.length)),
  );
  return first + rest.join('');
}
