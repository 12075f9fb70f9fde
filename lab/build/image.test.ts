import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sha256File, writeImage, type ImageSpec } from './image.js';

let dir = '';
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'lab-image-'))));
afterEach(() => rmSync(dir, { recursive: true }));

function spec(): ImageSpec {
  writeFileSync(join(dir, 'program'), 'content');
  return {
    ref: 'docker.io/plinth-lab/x:1',
    layers: [
      [{ directory: '/tmp', mode: 0o1777 }],
      [
        { file: join(dir, 'program'), at: '/usr/bin/x' },
        { link: '/bin/y', to: '../usr/bin/x' },
      ],
    ],
    config: { Entrypoint: ['x'] },
  };
}

// GNU tar writes the archives.
describe.runIf(process.platform === 'linux')('an image', () => {
  test('has the same bytes whenever it is made', async () => {
    await writeImage(join(dir, 'one.tar'), spec());
    utimesSync(join(dir, 'program'), 1, 1);
    await writeImage(join(dir, 'two.tar'), spec());
    expect(await sha256File(join(dir, 'one.tar'))).toBe(await sha256File(join(dir, 'two.tar')));
  });

  test('is a docker archive whose config names its layers by what they hold', async () => {
    const target = join(dir, 'one.tar');
    await writeImage(target, spec());
    execFileSync('tar', ['-xf', target, '-C', dir]);
    const read = (name: string): unknown => JSON.parse(readFileSync(join(dir, name), 'utf8'));
    const [manifest] = read('manifest.json') as {
      Config: string;
      RepoTags: string[];
      Layers: string[];
    }[];
    expect(manifest?.RepoTags).toEqual(['docker.io/plinth-lab/x:1']);
    const config = read(manifest?.Config ?? '') as {
      config: { Entrypoint: string[] };
      rootfs: { diff_ids: string[] };
    };
    expect(config.config.Entrypoint).toEqual(['x']);
    const sums = await Promise.all(
      (manifest?.Layers ?? []).map((layer) => sha256File(join(dir, layer))),
    );
    expect(config.rootfs.diff_ids).toEqual(sums.map((sum) => `sha256:${sum}`));
    const list = execFileSync('tar', ['-tvf', join(dir, manifest?.Layers[1] ?? '')]).toString();
    expect(list).toMatch(/-rwxr-xr-x 0\/0 .* usr\/bin\/x$/m);
    expect(list).toMatch(/bin\/y -> \.\.\/usr\/bin\/x$/m);
  });
});
