import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { OperationPlan } from '../../core/plan.js';
import { openWorkflowTests, type WorkflowTests } from '../../test/workflows/environment.js';
import { stepFailure, type FakeWorld } from '../../test/workflows/fakeActivities.js';

let tests: WorkflowTests;
beforeAll(async () => {
  tests = await openWorkflowTests();
}, 120_000);
afterAll(() => tests.close());

const renewal: OperationPlan = {
  ...{ name: 'CertificateRenewal', reason: 'asked for: new certificates', leave: [] },
  nodes: ['m1', 'm2', 'm3'].map((hostname) => ({ hostname, path: 'renew-certificates' })),
  clusterSteps: ['kubelet-certificates'],
  asked: { id: 'n1' },
};
const blueprint: OperationPlan = {
  ...{ name: 'BlueprintSync', reason: 'a sync was asked for', nodes: [], leave: [] },
  clusterSteps: ['blueprint-sync'],
};

const run = (onStep?: (name: string) => void): Promise<FakeWorld> =>
  tests.run({
    operations: [renewal, blueprint],
    ...(onStep === undefined ? {} : { onStep }),
  });
const steps = ({ calls }: FakeWorld): string[] =>
  calls.filter((call) => call.startsWith('start ')).map((call) => call.slice('start '.length));
const outcomes = ({ ended }: FakeWorld) => ended[0]?.outcomes.map(({ failed }) => failed);

describe('a renewal of certificates', () => {
  it('takes one control plane after another, then refreshes the kubeconfig and asks the kubelets', async () => {
    const world = await run();
    expect(steps(world)).toEqual([
      ...['m1', 'm2', 'm3'].flatMap((name) => [
        ...[`${name} certificates-renew`, `${name} static-pods-restart`],
        ...[`${name} certificates-verify`, `${name} node-ready`],
      ]),
      ...['cluster kubelet-certificates', 'cluster blueprint-sync'],
    ]);
    expect(world.calls.indexOf('kubeconfig CertificateRenewal')).toBeGreaterThan(
      world.calls.indexOf('end m3 node-ready'),
    );
    expect(outcomes(world)).toEqual([false, false]);
  });

  it('touches no other control plane where one does not come up, and the rest of the taskset is done', async () => {
    const world = await run((name) => {
      if (name === 'm2 static-pods-restart') throw stepFailure('m2', 'static-pods-restart');
    });
    expect(steps(world)).not.toContain('m3 certificates-renew');
    expect(steps(world)).not.toContain('cluster kubelet-certificates');
    // What people are given is of the one that was renewed.
    expect(world.calls).toContain('kubeconfig CertificateRenewal');
    expect(outcomes(world)).toEqual([true, false]);
    expect(world.ended[0]?.outcomes[0]?.errorSummary).toContain('m2');
  });

  it('leaves the kubeconfig alone where nothing was renewed', async () => {
    const world = await run((name) => {
      if (name === 'm1 certificates-renew') throw stepFailure('m1', 'certificates-renew');
    });
    expect(world.calls).not.toContain('kubeconfig CertificateRenewal');
    expect(outcomes(world)).toEqual([true, false]);
  });

  it('goes on with the others where a machine cannot be reached', async () => {
    const away = ApplicationFailure.create({
      ...{ type: 'MachineUnreachable', nonRetryable: true, message: 'm1 does not answer' },
    });
    const world = await run((name) => {
      if (name.startsWith('m1 ')) throw away;
    });
    expect(steps(world)).toContain('m3 certificates-verify');
    expect(outcomes(world)).toEqual([true, false]);
    expect(world.ended[0]?.outcomes[0]?.errorSummary).toContain('m1 does not answer');
  });

  it('says which kubelets do not renew theirs', async () => {
    const world = await run((name) => {
      if (name === 'cluster kubelet-certificates') throw stepFailure('m1', 'kubelet-certificates');
    });
    expect(outcomes(world)).toEqual([true, false]);
    expect(world.ended[0]?.outcomes[0]?.errorSummary).toContain('kubelet-certificates');
  });
});
