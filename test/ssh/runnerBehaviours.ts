import { createHash } from 'node:crypto';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import type { StepHooks, StepRun, StepRunResult } from '../../machine/types.js';
import { asWorker, Bystander, owner, stepRun } from './runnerMachine.js';
import type { RunnerMachine } from './runnerMachine.js';
import { until } from './until.js';

/** Leaves a trace of each start, says so, and works until it is told to go on. */
const WAITS =
  'echo x >>"$PLINTH_STATE/starts"; echo begun; until [ -e "$PLINTH_STATE/go" ]; do sleep 0.02; done; echo over';

/** What the detached runner promises, on any machine. */
export function describeRunner(title: string, setup: () => Promise<RunnerMachine>): void {
  describe(title, { timeout: 60_000 }, () => {
    let machine: RunnerMachine;
    let bystander: Bystander;
    beforeAll(async () => {
      machine = await setup();
      bystander = new Bystander(machine.target);
    }, 60_000);
    beforeEach(() => bystander.wipe());
    afterEach(() => bystander.sh('touch /var/lib/plinth/go'));
    afterAll(async () => {
      await bystander.wipe();
      await bystander.sh('rmdir /var/lib/plinth');
      await bystander.close();
      await machine.close();
    });

    const run = (step: StepRun, hooks?: StepHooks): Promise<StepRunResult> =>
      asWorker(machine.target, (session) => session.runStep(step, hooks));
    const starts = (): Promise<string> => bystander.sh('grep -c x /var/lib/plinth/starts');
    const go = (): Promise<string> => bystander.sh('touch /var/lib/plinth/go');
    /** Starts a run elsewhere and waits until its script runs. */
    async function begin(
      step: StepRun,
      hooks: StepHooks = {},
    ): Promise<{ ended: Promise<StepRunResult> }> {
      let begun = false;
      const onLines: StepHooks['onLines'] = (lines, offset) => {
        begun ||= lines.includes('begun');
        hooks.onLines?.(lines, offset);
      };
      const ended = run(step, { ...hooks, onLines });
      ended.catch(() => undefined);
      await until('the script runs', () => begun);
      return { ended };
    }

    describe('a run', () => {
      it('gives what its script left: results, last command, exit code and lines', async () => {
        const step = stepRun(
          `mkdir -p "$PLINTH_RUN_DIR/results"; printf 'a\\nb\\\\n' >"$PLINTH_RUN_DIR/results/KEY"
           echo "kubeadm init" >"$PLINTH_RUN_DIR/command"; echo "try again" >"$PLINTH_RUN_DIR/hint"
           echo PackageLockHeld >"$PLINTH_RUN_DIR/fail_code"; echo "$PLINTH_CLUSTER_ID"; exit 7`,
        );
        expect(await run(step)).toMatchObject({
          outcome: 'failed',
          exitCode: 7,
          results: { KEY: 'a\nb\\n' },
          command: 'kubeadm init',
          hint: 'try again',
          failCode: 'PackageLockHeld',
          lastLines: [owner.clusterId],
          reattached: false,
        });
      });

      it('says that it has begun while its script runs', async () => {
        const happened: string[] = [];
        const ended = run(stepRun(WAITS), { onBegun: () => void happened.push('begun') });
        await until('the run has begun', () => happened.length > 0);
        await go();
        await ended.then(() => happened.push('ended'));
        expect(happened).toEqual(['begun', 'ended']);
      });

      it('is skipped when its script says so', async () => {
        const step = stepRun('echo "all there" >"$PLINTH_RUN_DIR/skip"; exit 0');
        expect(await run(step)).toMatchObject({
          outcome: 'skipped',
          reason: 'all there',
          exitCode: 0,
        });
      });

      it('has its parameters as they were given, whatever they hold, and exports none', async () => {
        const value = `it's "$HOME"\n\`id\` \\ ä`;
        const step = stepRun('printf "%s|" "$VALUE"; env | grep -c ^VALUE= || true', {
          params: { VALUE: value },
        });
        const { lastLines } = await run(step);
        expect(lastLines.join('\n')).toBe(`${value}|0`);
      });

      it.each([1, 8_191, 8_192, 100_000])(
        'has parameters of %i bytes and more whole, and leaves none of them behind',
        async (size) => {
          // Two bytes each in UTF-8.
          const value = 'ä'.repeat(Math.ceil(size / 2));
          const step = stepRun('printf %s "$VALUE" | sha256sum', { params: { VALUE: value } });
          const { lastLines } = await run(step);
          const sum = createHash('sha256').update(value).digest('hex');
          expect(lastLines).toEqual([`${sum}  -`]);
          expect(await bystander.sh('ls -A /run/plinth | grep -c "^\\.in" || true')).toBe('0');
        },
      );

      it('streams its lines while it works', async () => {
        const lines: string[] = [];
        const { ended } = await begin(stepRun(WAITS), { onLines: (more) => lines.push(...more) });
        expect(lines).toEqual(['begun']);
        await go();
        await ended;
        expect(lines).toEqual(['begun', 'over']);
      });

      it('goes on from an offset without a repeated line, and still knows the last lines', async () => {
        const step = stepRun('for i in $(seq 1 2000); do echo "line $i"; done; exit 1');
        const seen: [string[], number][] = [];
        await run(step, { onLines: (lines, offset) => seen.push([lines, offset]) });
        const [, end] = seen.at(-1) ?? [[], 0];
        const again: string[] = [];
        const fromOffset = end - 'line 2000\n'.length;
        const { lastLines } = await run(step, {
          fromOffset,
          onLines: (lines) => again.push(...lines),
        });
        expect(again).toEqual(['line 2000']);
        expect(lastLines).toEqual(Array.from({ length: 20 }, (_, i) => `line ${String(1981 + i)}`));
      });

      it('that has ended is not run again: its result is what was recorded', async () => {
        const step = stepRun('echo x >>"$PLINTH_STATE/starts"; exit 3');
        const first = await run(step);
        expect(await run(step)).toEqual({ ...first, reattached: true });
        expect(await starts()).toBe('1');
      });

      it('ends when its time is up, with a hint', async () => {
        const result = await run(stepRun('echo begun; sleep 300', { timeoutSeconds: 1 }));
        expect(result).toMatchObject({
          outcome: 'failed',
          hint: 'it did not end within its 1 seconds and was stopped',
        });
        expect(await bystander.processes('sleep 300')).toEqual([]);
      });

      it('leaves nothing running behind', async () => {
        await run(stepRun('sleep 301 & echo started'));
        await until(
          'it is gone',
          async () => (await bystander.processes('sleep 301')).length === 0,
        );
      });
    });

    describe('a worker that is gone', () => {
      it('finds its run again, started once, when the connection was cut', async () => {
        const step = stepRun(WAITS);
        let offset = 0;
        const { ended } = await begin(step, { onLines: (_, at) => (offset = at) });
        machine.cut();
        await expect(ended).rejects.toMatchObject({ code: 'ConnectionLost', retryable: true });
        await go();
        const lines: string[] = [];
        const result = await run(step, {
          fromOffset: offset,
          onLines: (more) => lines.push(...more),
        });
        expect(result).toMatchObject({ outcome: 'done', reattached: true });
        expect(lines).toEqual(['over']);
        expect(await starts()).toBe('1');
      });

      it('leaves no follower on the machine', async () => {
        const step = stepRun(WAITS);
        await begin(step);
        machine.cut();
        await until('no follower is left', async () => {
          return (await bystander.processes('tail', step.runId)).length === 0;
        });
        expect(await bystander.wrappers(step.runId)).toHaveLength(1);
      });

      it('only detaches when it is told to stop', async () => {
        const step = stepRun(WAITS);
        const abort = new AbortController();
        const { ended } = await begin(step, { signal: abort.signal });
        abort.abort();
        await expect(ended).rejects.toMatchObject({ code: 'Cancelled' });
        await go();
        expect(await run(step)).toMatchObject({ outcome: 'done', reattached: true });
      });
    });

    describe('two workers', () => {
      it('that want the same run at the same moment start it once, and both see its end', async () => {
        const step = stepRun(WAITS);
        const both = [run(step), run(step)];
        await until('it runs', async () => (await bystander.wrappers(step.runId)).length === 1);
        await go();
        const results = await Promise.all(both);
        expect(results.map(({ outcome }) => outcome)).toEqual(['done', 'done']);
        expect(results.map(({ reattached }) => reattached).sort()).toEqual([false, true]);
        expect(await starts()).toBe('1');
      });
    });

    describe('a live run of an earlier taskset', () => {
      it('is adopted when it does the same', async () => {
        const { ended } = await begin(stepRun(WAITS, { params: { A: '1' } }));
        const later = stepRun(WAITS, { params: { A: '1' }, tasksetId: 'taskset-2' });
        const adopted = await begin(later);
        await go();
        expect(await adopted.ended).toMatchObject({ outcome: 'done', reattached: true });
        expect(await ended).toMatchObject({ outcome: 'done', reattached: false });
        expect(await run(later)).toMatchObject({ outcome: 'done', reattached: true });
        expect(await starts()).toBe('1');
      });

      it.each([
        ['parameters', { params: { A: '2' } }],
        ['script', { script: `${WAITS}; true` }],
      ])('is stopped before one with other %s starts', async (_, difference) => {
        const earlier = stepRun(WAITS, { params: { A: '1' } });
        const { ended } = await begin(earlier);
        const later = await begin({ ...stepRun(WAITS, { params: { A: '1' } }), ...difference });
        expect(await bystander.wrappers(earlier.runId)).toEqual([]);
        expect(await ended).toMatchObject({ outcome: 'failed', failCode: 'Cancelled' });
        await go();
        expect(await later.ended).toMatchObject({ outcome: 'done' });
      });

      it('is stopped even where it only helped another node', async () => {
        const helper = stepRun(WAITS, { beside: true, tasksetId: 'taskset-1' });
        const { ended } = await begin(helper);
        expect(await run(stepRun('true', { tasksetId: 'taskset-2' }))).toMatchObject({
          outcome: 'done',
        });
        expect(await ended).toMatchObject({ outcome: 'failed', failCode: 'Cancelled' });
      });

      it('goes on beside facts, which change nothing', async () => {
        const step = stepRun(WAITS);
        await begin(step);
        const facts = stepRun('echo fact', { step: 'facts', requireOwner: false });
        expect(await run(facts)).toMatchObject({ outcome: 'done' });
        expect(await bystander.wrappers(step.runId)).toHaveLength(1);
      });
    });

    describe('runs of one taskset', () => {
      it('go on beside help for another node, whichever came first', async () => {
        const own = await begin(stepRun(WAITS));
        const help = await begin(stepRun(`: ;${WAITS}`, { beside: true }));
        expect(await run(stepRun('true', { beside: true }))).toMatchObject({ outcome: 'done' });
        await go();
        expect(await own.ended).toMatchObject({ outcome: 'done' });
        expect(await help.ended).toMatchObject({ outcome: 'done' });
      });

      it('that both change the machine never run beside', async () => {
        const { ended } = await begin(stepRun(WAITS));
        expect(await run(stepRun('true'))).toMatchObject({ outcome: 'done' });
        expect(await ended).toMatchObject({ outcome: 'failed', failCode: 'Cancelled' });
      });
    });

    describe('a wrapper', () => {
      it('that was killed makes a failed run, known at once', async () => {
        const step = stepRun(WAITS);
        const { ended } = await begin(step);
        const [pid = ''] = await bystander.wrappers(step.runId);
        await bystander.sh(`kill -9 ${pid}`);
        expect(await ended).toMatchObject({
          outcome: 'failed',
          exitCode: 137,
          hint: expect.stringContaining('killed by signal KILL') as string,
        });
        expect(await run(step)).toMatchObject({
          outcome: 'failed',
          exitCode: 137,
          reattached: true,
        });
      });
    });

    describe('cancelling', () => {
      it('stops the run and all that it started', async () => {
        const step = stepRun('echo begun; sleep 302 & sleep 303; echo never');
        const { ended } = await begin(step);
        await asWorker(machine.target, (session) => session.cancelRun(step.runId));
        expect(await bystander.processes('sleep 30')).toEqual([]);
        expect(await ended).toMatchObject({ outcome: 'failed', failCode: 'Cancelled' });
      });

      it('kills a script that will not hear', { timeout: 90_000 }, async () => {
        const step = stepRun(`trap '' TERM; echo begun; while :; do sleep 304; done`);
        const { ended } = await begin(step);
        await asWorker(machine.target, (session) => session.cancelRun(step.runId));
        expect(await bystander.processes('sleep 304')).toEqual([]);
        expect(await ended).toMatchObject({ outcome: 'failed', failCode: 'Cancelled' });
      });

      it('of what is not there, or over, does nothing', async () => {
        const step = stepRun('exit 0');
        const first = await run(step);
        await asWorker(machine.target, async (session) => {
          await session.cancelRun(step.runId);
          await session.cancelRun('never-was');
        });
        expect(await run(step)).toEqual({ ...first, reattached: true });
      });
    });

    describe('a machine', () => {
      it('of another cluster is refused by name, and not touched', async () => {
        await run(stepRun('true'));
        const step = stepRun('echo x >>"$PLINTH_STATE/starts"', {
          owner: { ...owner, clusterId: 'c-2' },
        });
        await expect(run(step)).rejects.toMatchObject({
          code: 'ForeignCluster',
          message: expect.stringContaining('tests/demo (c-1)') as string,
        });
        let begun = false;
        const hooks = { onBegun: () => void (begun = true) };
        const release = { ...step, step: 'release', requireOwner: false };
        await expect(run(release, hooks)).rejects.toMatchObject({ code: 'ForeignCluster' });
        expect(begun).toBe(false);
        expect(await bystander.sh('ls /var/lib/plinth/starts 2>/dev/null')).toBe('');
      });

      describe('that is given back', () => {
        const left = (): Promise<string> =>
          bystander.sh('ls -A /var/lib/plinth /run/plinth 2>/dev/null | grep -v :');
        const release = (script: string): StepRun =>
          stepRun(script, { step: 'release', requireOwner: false, last: true });
        beforeEach(() => run(stepRun('true')));

        it('holds nothing of ours once that is told, and is asked the same again in vain', async () => {
          // Where it is a mount point, as in the lab, it stays, empty.
          const step = release('echo given back; rm -rf "$PLINTH_STATE" 2>/dev/null || true');
          const ended = { outcome: 'done', lastLines: ['given back'], reattached: false };
          expect(await run(step)).toMatchObject(ended);
          expect(await left()).toBe('');
          // As a worker does that was lost before it heard of the end.
          expect(await run(step)).toMatchObject(ended);
          expect(await left()).toBe('');
        });

        it('keeps what it has where that fails', async () => {
          const step = release('exit 3');
          expect(await run(step)).toMatchObject({ outcome: 'failed', exitCode: 3 });
          expect(await run(step)).toMatchObject({ outcome: 'failed', reattached: true });
          expect(await left()).toContain('owner');
        });

        it('is left alone where somebody else has claimed it by then', async () => {
          const other = release(`echo '{"clusterId":"c-9"}' >"$PLINTH_STATE/owner"`);
          expect(await run(other)).toMatchObject({ outcome: 'done' });
          expect(await left()).toContain('owner');
          await bystander.sh('rm -rf /var/lib/plinth/*');
        });
      });

      it('that was not claimed takes no step but claim', async () => {
        await expect(run(stepRun('true', { step: 'packages' }))).rejects.toMatchObject({
          code: 'NotClaimed',
          failure: {
            node: machine.target.node,
            step: 'claim',
          },
        });
        await run(stepRun('true'));
        expect(await run(stepRun('true', { step: 'packages' }))).toMatchObject({ outcome: 'done' });
      });

      it('that is asked for facts only has nothing of ours on its disk', async () => {
        const facts = stepRun('echo "result of $PLINTH_STATE"', {
          step: 'facts',
          requireOwner: false,
        });
        expect(await run(facts)).toMatchObject({ outcome: 'done' });
        expect(await run(facts)).toMatchObject({ outcome: 'done', reattached: true });
        expect(await bystander.sh('ls -A /var/lib/plinth')).toBe('');
      });

      it('can be released by a script that removes all we ever stored', async () => {
        await run(stepRun('true'));
        const release = stepRun('rm -rf "${PLINTH_STATE:?}"/*', {
          step: 'release',
          requireOwner: false,
        });
        expect(await run(release)).toMatchObject({ outcome: 'done' });
        expect(await run(release)).toMatchObject({ outcome: 'done', reattached: true });
        expect(await bystander.sh('ls -A /var/lib/plinth')).toBe('');
      });

      it('holds no secret of a run: not in its files, nor in any command line', async () => {
        const params = { TOKEN: 'planted-secret-1f7e' };
        const step = stepRun(`${WAITS}; [ -n "$TOKEN" ]`, { params });
        const { ended } = await begin(step);
        const grep = () =>
          bystander.sh(`grep -rl "planted-secret""-1f7e" /var/lib/plinth /run/plinth`);
        expect(await grep()).toBe('');
        expect(await bystander.processes(params.TOKEN)).toEqual([]);
        await go();
        expect(await ended).toMatchObject({ outcome: 'done' });
        expect(await grep()).toBe('');
      });

      it('is sent a script once', async () => {
        const list = () => bystander.sh('ls -i /var/lib/plinth/scripts');
        await run(stepRun('echo once'));
        const before = await list();
        await run(stepRun('echo once'));
        expect(await list()).toBe(before);
      });

      it('keeps the newest 50 runs once there are more than 60', async () => {
        await run(stepRun('true'));
        await bystander.sh(
          'for i in $(seq 1 80); do mkdir /var/lib/plinth/runs/old-$i; touch -d "2020-01-01 +$i days" /var/lib/plinth/runs/old-$i; done',
        );
        const step = stepRun('true');
        await run(step);
        // The run before may be the one that counts them.
        await until('the oldest are gone', async () => {
          return Number(await bystander.sh('ls /var/lib/plinth/runs | wc -l')) <= 51;
        });
        const left = (await bystander.sh('ls /var/lib/plinth/runs')).split('\n');
        expect(left).toEqual(expect.arrayContaining([step.runId, 'old-80']));
        expect(left).not.toContain('old-1');
      });

      it('lets nothing lie that a killed launcher left', async () => {
        await run(stepRun('true'));
        await bystander.sh('touch -d "2 hours ago" /run/plinth/.in.1; touch /run/plinth/.in.2');
        await run(stepRun('true'));
        await until('the old one is gone', async () => {
          return (await bystander.sh('ls -A /run/plinth | grep "^\\.in"')) === '.in.2';
        });
        await bystander.sh('rm /run/plinth/.in.2');
      });

      it('that rebooted in between does not know how a run ended, and says so ever after', async () => {
        const step = stepRun(WAITS);
        const { ended } = await begin(step);
        const [pid = ''] = await bystander.wrappers(step.runId);
        // As the power going off leaves it: no process, no tmpfs, another boot_id, no state.
        await bystander.sh(
          `kill -STOP ${pid}; cp -a /var/lib/plinth/runs/${step.runId} /var/lib/plinth/kept; kill -CONT ${pid}`,
        );
        await asWorker(machine.target, (session) => session.cancelRun(step.runId));
        await ended;
        await bystander.sh(
          `cd /var/lib/plinth && rm -rf runs/${step.runId} && mv kept runs/${step.runId} &&
           echo 1000 00000000-before >runs/${step.runId}/started; rm -rf /run/plinth`,
        );
        expect(await run(step)).toMatchObject({ outcome: 'unknown', bootId: '00000000-before' });
        expect(await run(step)).toMatchObject({ outcome: 'unknown', reattached: true });
        expect(await starts()).toBe('1');
      });
    });
  });
}
