/** What `npm test` runs on lab machines, in this order: the story, then what the rooms show of themselves. */
export const STORY: readonly string[] = [
  'test/lab/story.lab.test.ts',
  'machine/runner/runStep.lab.test.ts',
  'machine/transfer/ensureArtifacts.lab.test.ts',
];

/** Everything that needs lab machines, for `npm run test:lab -- all`. */
export const ALL = ['test/lab', 'machine', 'lab'] as const;
