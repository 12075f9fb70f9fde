import { expect, test } from 'vitest';

import { unreachableUrl } from './installScript.js';

test.each([
  ...['http://127.0.0.1:8080', 'http://localhost:8080', 'https://0.0.0.0:8443'],
  ...['http://[::1]:8080', 'http://[::]:8080'],
])('%s is told to be of no use to other machines', (url) => {
  expect(unreachableUrl(url)).toContain('PLINTH_URL');
});

test.each(['https://plinth.example.com', 'http://10.77.0.1:8080', 'http://[fd00::1]:8080'])(
  '%s is taken as it is',
  (url) => {
    expect(unreachableUrl(url)).toBeUndefined();
  },
);
