import { expect, test } from 'vitest';

import { credentialProblems } from './parseCredential.js';

const of = (project?: string) => ({
  metadata: { name: 'fleet', ...(project === undefined ? {} : { project }) },
  spec: { privateKey: 'k' },
});

test.each([undefined, 'p'])('of its own project, or of none, it is right: %s', (project) => {
  expect(credentialProblems(of(project), 'p')).toEqual([]);
});

test.each(['', 'q'])('of the project "%s" it is refused where the URL says another', (project) => {
  expect(credentialProblems(of(project), 'p')).toEqual([
    { path: 'metadata.project', message: `is "${project}", but the URL says "p"` },
  ]);
});
