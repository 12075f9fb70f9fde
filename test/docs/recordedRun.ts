import type { Outcome } from './namedTests.js';

/**
 * Outcomes of the newest recorded run of all lab cases, as `npm run test:lab -- all` appends it to docs/measured.md.
 * Empty when none is recorded.
 */
export function recordedRun(markdown: string): Outcome[] {
  const newest = markdown.split(/^## /m).findLast((part) => part.startsWith('Lab, all cases'));
  return (newest?.split('\n') ?? []).flatMap((line) => {
    const [, file, title, state] =
      /^\| (\S+\.test\.ts) \| (.*) \| (\w+) \| \d+ \|$/.exec(line) ?? [];
    return file === undefined || title === undefined || state === undefined
      ? []
      : [{ file, title, state }];
  });
}
