import { truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';

import { fixtureStepContext } from '../../test/fixtures/stepContext.js';
import { scriptMachine, type ScriptMachine } from '../../test/fixtures/stepScript.js';
import { imagesStep } from './images.js';

let machine: ScriptMachine;
beforeEach(async () => {
  machine = await scriptMachine();
  await machine.program('ctr', 'case "$*" in *ls*) cat "$D/images" 2>/dev/null || true ;; esac');
});
afterEach(() => machine.remove());

it('asks once more for the archive of an image that was imported and has gone since', async () => {
  const [archive] = imagesStep.artifacts?.(fixtureStepContext()) ?? [];
  const file = `state/artifacts/${archive?.sha256 ?? ''}`;
  // As it is left when its image was imported: its size, and nothing on the disk.
  await machine.put(file, '');
  await truncate(join(machine.dir, file), archive?.size ?? 0);
  const result = await machine.run(imagesStep, fixtureStepContext());
  expect(result).toMatchObject({ outcome: 'failed', failCode: 'ArtifactMissing' });
  expect(await machine.said('run/results/again')).toContain(archive?.images?.[0]);
  // Gone, so that the next transfer sends it.
  expect(await machine.said(file)).toBeUndefined();
});

it('is skipped where every image is there', async () => {
  const refs = (imagesStep.artifacts?.(fixtureStepContext()) ?? []).flatMap(
    ({ images }) => images ?? [],
  );
  await machine.put('images', `${refs.join('\n')}\n`);
  expect((await machine.run(imagesStep, fixtureStepContext())).outcome).toBe('skipped');
});
