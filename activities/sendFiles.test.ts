import { MockActivityEnvironment } from '@temporalio/testing';
import { expect, it } from 'vitest';

import type { Artifact } from '../core/artifacts.js';
import { claimStep } from '../machine/steps/claim.js';
import { packagesStep } from '../machine/steps/packages.js';
import type { MachineSession } from '../machine/types.js';
import { fixtureStepContext } from '../test/fixtures/stepContext.js';
import { sendAhead, sender } from './sendFiles.js';

const context = fixtureStepContext();
const files = packagesStep.artifacts?.(context) ?? [];

type Ensure = MachineSession['ensureArtifacts'];

/** What a machine was asked to hold, and within which taskset. */
async function asked(
  work: (send: ReturnType<typeof sender>, calls: string[]) => Promise<void>,
  outcome: () => Promise<void> = () => Promise.resolve(),
): Promise<string[]> {
  const calls: string[] = [];
  const ensureArtifacts: Ensure = async (artifacts, _open, hooks) => {
    calls.push(`${String(artifacts.length)} ${hooks?.within ?? 'always'}`);
    await outcome();
    calls.push('there');
    return { sent: 0, bytes: 0 };
  };
  const source = { open: () => undefined } as never;
  await new MockActivityEnvironment().run(() =>
    work(sender({ source }, { ensureArtifacts }, { context, tasksetId: 't1' }), calls),
  );
  return calls;
}

it('a claim has the packages on their way: they are what is needed first', () => {
  expect(files.length).toBeGreaterThan(0);
  expect(claimStep.ahead?.(context)).toEqual(files);
});

it('sends files of steps to come once the run has begun, and waits for them at its end', async () => {
  const calls = await asked(async (send, calls) => {
    const ahead = sendAhead(send, () => files);
    calls.push('starts');
    ahead.begin();
    calls.push('runs');
    await ahead.end();
    calls.push('ends');
  });
  expect(calls).toEqual(['starts', `${String(files.length)} t1`, 'runs', 'there', 'ends']);
});

it('does nothing where the run never began', async () => {
  expect(await asked((send) => sendAhead(send, () => files).end())).toEqual([]);
});

it.each<[string, () => readonly Artifact[]]>([
  ['do not arrive', () => files],
  [
    'are not in the bundle',
    () => {
      throw new Error('none');
    },
  ],
])('fails no step for files of another one that %s', async (_, artifacts) => {
  const full = () => Promise.reject(new Error('the disk is full'));
  await asked(async (send) => {
    const ahead = sendAhead(send, artifacts);
    ahead.begin();
    await ahead.end();
  }, full);
});

it('asks each time about files that do not stay', async () => {
  const calls = await asked(async (send) => {
    await send(files);
    await send(files, true);
    await send([]);
  });
  const [first, , second] = calls;
  expect([first, second]).toEqual([`${String(files.length)} always`, `${String(files.length)} t1`]);
  expect(calls).toHaveLength(4);
});
