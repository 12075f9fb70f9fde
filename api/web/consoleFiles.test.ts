import { expect, test, vi } from 'vitest';

import { buildConsole } from './buildConsole.js';
import { consoleFiles } from './consoleFiles.js';

vi.mock('./buildConsole.js', () => ({ buildConsole: vi.fn() }));

test('files that could not be made are made anew for who asks next, and kept once they are there', async () => {
  const build = vi.mocked(buildConsole);
  build.mockRejectedValueOnce(new Error('no space'));
  await expect(consoleFiles()).rejects.toThrow('no space');
  build.mockResolvedValue([{ name: 'app.js', type: 'text/javascript', body: Buffer.from('1') }]);
  expect([...(await consoleFiles()).keys()]).toEqual(['app.js']);
  expect(await consoleFiles()).toBe(await consoleFiles());
  expect(build).toHaveBeenCalledTimes(2);
});
