import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { powerOff, powerOn, reboot } from '../../lab/machine.js';
import { cutNetwork, restoreNetwork } from '../../lab/network.js';
import { labMachine, labTarget } from '../../test/ssh/labMachine.js';
import { describeRunner } from '../../test/ssh/runnerBehaviours.js';
import { asWorker, Bystander, stepRun } from '../../test/ssh/runnerMachine.js';
import { until } from '../../test/ssh/until.js';
import type { MachineTarget } from '../types.js';

describeRunner('on a machine with systemd', labMachine);

describe('a run on a real machine', { timeout: 180_000 }, () => {
  let target: MachineTarget;
  let bystander: Bystander;
  beforeAll(async () => {
    target = await labTarget();
    bystander = new Bystander(target);
  });
  beforeEach(() => bystander.wipe());
  afterAll(async () => {
    await bystander.wipe();
    await bystander.close();
  });

  async function begin(
    script: string,
  ): Promise<{ step: ReturnType<typeof stepRun>; ended: Promise<unknown> }> {
    const step = stepRun(script);
    let begun = false;
    const ended = asWorker(target, (session) =>
      session.runStep(step, { onLines: (lines) => (begun ||= lines.includes('begun')) }),
    ).then(
      () => undefined,
      (error: unknown) => error,
    );
    await until('the script runs', () => begun);
    return { step, ended };
  }

  it.each([
    ['was rebooted', reboot],
    [
      'lost its power',
      async (name: string) => {
        await powerOff(name);
        await powerOn(name);
      },
    ],
  ])('that %s in between is unknown, and is not started again', async (_, interrupt) => {
    const { step, ended } = await begin(
      'echo x >>"$PLINTH_STATE/starts"; sync; echo begun; sleep 305',
    );
    await interrupt(target.node);
    expect(await ended).toMatchObject({ code: 'ConnectionLost' });
    const result = await asWorker(target, (session) => session.runStep(step));
    expect(result).toMatchObject({ outcome: 'unknown', reattached: true });
    expect(await bystander.sh('cat /proc/sys/kernel/random/boot_id')).not.toBe(result.bootId);
    expect(await bystander.sh('grep -c x /var/lib/plinth/starts')).toBe('1');
  });

  it('whose cable was pulled goes on, and is found again', async () => {
    const { step, ended } = await begin(
      'echo begun; until [ -e "$PLINTH_STATE/go" ]; do sleep 0.1; done',
    );
    await cutNetwork(target.node);
    try {
      expect(await ended).toMatchObject({ code: 'ConnectionLost' });
    } finally {
      await restoreNetwork(target.node);
    }
    await bystander.sh('touch /var/lib/plinth/go');
    const result = await asWorker(target, (session) => session.runStep(step));
    expect(result).toMatchObject({ outcome: 'done', reattached: true });
  });

  it('is one unit in the journal, which is gone when the run is over', async () => {
    const step = stepRun('exit 4');
    await asWorker(target, (session) => session.runStep(step));
    const unit = `plinth-${step.runId}.service`;
    await until('the unit is collected', async () => {
      return (await bystander.sh(`systemctl list-units --all --plain --no-legend ${unit}`)) === '';
    });
    const journal = await bystander.sh(`journalctl -o cat -u ${unit}`);
    expect(journal.match(/Started /g)).toHaveLength(1);
    expect(journal).toContain('status=4');
  });
});
