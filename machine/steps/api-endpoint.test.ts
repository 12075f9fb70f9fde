import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { fixtureNode } from '../../test/fixtures/cluster.js';
import { fixtureStepContext } from '../../test/fixtures/stepContext.js';
import {
  scriptMachine,
  type ScriptMachine,
  type ScriptResult,
} from '../../test/fixtures/stepScript.js';
import { apiEndpointStep } from './api-endpoint.js';
import type { StepContext } from './types.js';

let machine: ScriptMachine;
beforeEach(async () => {
  machine = await scriptMachine();
  await machine.program('systemctl', 'echo "$*" >>"$D/calls"');
});
afterEach(() => machine.remove());

function context(controlPlaneEndpoint?: string, workers = 1): StepContext {
  const nodes = [1, 2, 3].map((n) => fixtureNode(n, { roles: ['ControlPlane', 'Worker'] }));
  const base = fixtureStepContext();
  return fixtureStepContext({
    nodes: [...nodes, ...Array.from({ length: workers }, (_, index) => fixtureNode(index + 4))],
    config: {
      network: {
        ...base.spec.config.network,
        ...(controlPlaneEndpoint === undefined ? {} : { controlPlaneEndpoint }),
      },
    },
  });
}

const run = (endpoint?: string): Promise<ScriptResult> =>
  machine.run(apiEndpointStep, context(endpoint), ['/etc/systemd', '/etc/plinth']);

const UNIT = 'etc/systemd/system/plinth-api-endpoint.service';

describe('a load balancer that the spec names', () => {
  beforeEach(() => machine.program('getent', '[[ $2 != nowhere.example.net ]]'));

  it('needs no proxy of ours', async () => {
    expect(await run('lb.example.net')).toMatchObject({ outcome: 'skipped' });
    expect(await machine.said(UNIT)).toBeUndefined();
    expect(await machine.said('calls')).toBeUndefined();
  });

  it('takes the place of the proxy that an attempt before has started', async () => {
    await machine.put(UNIT, 'unit');
    await machine.put('etc/plinth/haproxy.cfg', 'config');
    expect(await run('lb.example.net')).toMatchObject({ outcome: 'skipped' });
    expect(await machine.said(UNIT)).toBeUndefined();
    expect(await machine.said('etc/plinth/haproxy.cfg')).toBeUndefined();
    expect(await machine.said('calls')).toContain('disable --now');
  });

  it('has to be known to the machine', async () => {
    const result = await run('nowhere.example.net:443');
    expect(result).toMatchObject({ outcome: 'failed', failCode: 'StepFailed' });
    expect(result.output).toContain('nowhere.example.net does not resolve on this machine');
    expect(result.hint).toContain('DNS');
  });
});

describe('the proxy on every machine', () => {
  it('is checked for by no more than two hundred machines in a second', () => {
    const seconds = (workers: number): number =>
      Number(apiEndpointStep.params(context(undefined, workers))['CHECK_SECONDS']);
    for (const workers of [1, 197, 198, 997, 998, 1997]) {
      expect((workers + 3) / seconds(workers)).toBeLessThanOrEqual(200);
    }
    expect(seconds(1)).toBe(1);
  });
});
