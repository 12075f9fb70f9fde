/** Select Graphic Rendition: what a terminal shows text with. */
export const Sgr = {
  Bold: '\u001B[1m',
  Dim: '\u001B[2m',
  Red: '\u001B[31m',
  Green: '\u001B[32m',
  Yellow: '\u001B[33m',
  Cyan: '\u001B[36m',
} as const;
type Sgr = (typeof Sgr)[keyof typeof Sgr];

const RESET = '\u001B[0m';

export type Paint = (text: string, sgr: Sgr) => string;

export const plain: Paint = (text) => text;
export const colourful: Paint = (text, sgr) => `${sgr}${text}${RESET}`;

/** On a terminal, unless NO_COLOR (no-color.org) is set to anything, or it is one that can do nothing. */
export function wantsColour(out: { isTTY?: boolean }, env: NodeJS.ProcessEnv): boolean {
  return out.isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb';
}

const WORDS: readonly [RegExp, Sgr][] = [
  [/^(READY|True|OK|COMPLETE|SUCCESS)$/, Sgr.Green],
  [/^(FAILED|NOT_READY|ORPHANED|DEGRADED|False)$/, Sgr.Red],
  [/^(WORKING|DELETING|PROVISIONING|DISCOVERED|APPROVED|INPROGRESS|PENDING|Unknown)$/, Sgr.Yellow],
];

/** A word for a state in the colour that people expect of it; anything else as it is. */
export function painted(word: string, paint: Paint): string {
  const found = WORDS.find(([pattern]) => pattern.test(word.trim()));
  return found === undefined ? word : paint(word, found[1]);
}
