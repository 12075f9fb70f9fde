import type { Outcome } from './namedTests.js';

/** Outcomes of the newest runs of lab cases, as scripts/labRecord.ts writes them to docs/lab-results.md. */
export function recordedRun(markdown: string): Outcome[] {
  return markdown
    .split(/^## /m)
    .slice(1)
    .flatMap((section) => {
      const [file = '', ...lines] = section.split('\n');
      return lines.flatMap((line) => {
        const [, title, state] = /^\| (.*) \| (\w+) \| \d+ \|$/.exec(line) ?? [];
        return title === undefined || state === undefined ? [] : [{ file, title, state }];
      });
    });
}
