/**
 * Outcomes of the newest recorded run of all lab cases, as `npm run test:lab -- all` appends it to docs/measured.md:
 * `file` → whole title → `passed` or something else. Empty when none is recorded.
 */
export function recordedRun(markdown: string): ReadonlyMap<string, ReadonlyMap<string, string>> {
  const newest = markdown.split(/^## /m).findLast((part) => part.startsWith('Lab, all cases'));
  const outcomes = new Map<string, Map<string, string>>();
  for (const line of newest?.split('\n') ?? []) {
    const [, file, title, state] =
      /^\| (\S+\.test\.ts) \| (.*) \| (\w+) \| \d+ \|$/.exec(line) ?? [];
    if (file === undefined || title === undefined || state === undefined) continue;
    const known = outcomes.get(file) ?? new Map<string, string>();
    outcomes.set(file, known.set(title, state));
  }
  return outcomes;
}
