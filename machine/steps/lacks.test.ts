import { afterEach, beforeEach, expect, it } from 'vitest';

import { fixtureStepContext } from '../../test/fixtures/stepContext.js';
import { scriptMachine, type ScriptMachine } from '../../test/fixtures/stepScript.js';
import { binariesStep } from './binaries.js';
import { packagesStep } from './packages.js';

let machine: ScriptMachine;
beforeEach(async () => {
  machine = await scriptMachine();
});
afterEach(() => machine.remove());

it.each([packagesStep, binariesStep])(
  '$name asks once more for files that were thought to be there',
  async (step) => {
    const result = await machine.run(step, fixtureStepContext());
    expect(result).toMatchObject({ outcome: 'failed', failCode: 'ArtifactMissing' });
    expect(await machine.said('run/results/again')).toContain('did not arrive');
  },
);
