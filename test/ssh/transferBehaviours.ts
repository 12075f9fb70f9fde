import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import type { Artifact } from '../../core/artifacts.js';
import { createMachines } from '../../machine/pool.js';
import type { MachineSession } from '../../machine/types.js';
import { asWorker, Bystander, stepRun } from './runnerMachine.js';
import type { RunnerMachine } from './runnerMachine.js';
import { until } from './until.js';

const STORE = '/var/lib/plinth/artifacts';
const CHUNK = 64 * 1024;

interface File {
  artifact: Artifact;
  bytes: Buffer;
}

function file(size: number): File {
  const bytes = randomBytes(size);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const about = { kind: 'binary', name: 'kubelet', version: '1.34.4', arch: 'amd64' } as const;
  return { bytes, artifact: { path: `bin/${sha256.slice(0, 8)}`, sha256, size, ...about } };
}

/** Bytes from an offset; `opened` counts how often and from where. */
function source(files: File[], opened: number[] = []) {
  return ({ sha256 }: Artifact, from: number): NodeJS.ReadableStream => {
    opened.push(from);
    const { bytes } = files.find(({ artifact }) => artifact.sha256 === sha256) ?? {
      bytes: Buffer.alloc(0),
    };
    return Readable.from(chunks(bytes.subarray(from)), { objectMode: false });
  };
}

function* chunks(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += CHUNK) yield bytes.subarray(at, at + CHUNK);
}

/** What `ensureArtifacts` promises, on any machine. */
export function describeTransfer(title: string, setup: () => Promise<RunnerMachine>): void {
  describe(title, { timeout: 60_000 }, () => {
    let machine: RunnerMachine;
    let bystander: Bystander;
    beforeAll(async () => {
      machine = await setup();
      bystander = new Bystander(machine.target);
    }, 60_000);
    beforeEach(() => bystander.wipe());
    afterAll(async () => {
      await bystander.wipe();
      await bystander.close();
      await machine.close();
    });

    const send = (
      artifacts: readonly Artifact[],
      open: Parameters<MachineSession['ensureArtifacts']>[1],
      hooks?: Parameters<MachineSession['ensureArtifacts']>[2],
    ) => asWorker(machine.target, (session) => session.ensureArtifacts(artifacts, open, hooks));
    const sums = () => bystander.sh(`cd ${STORE} && sha256sum * 2>/dev/null`);
    const inOrder = (files: File[]): string =>
      files
        .map(({ artifact }) => `${artifact.sha256}  ${artifact.sha256}`)
        .sort()
        .join('\n');

    it('sends what is missing, and nothing the second time', async () => {
      const files = [file(3_000_000), file(0), file(1)];
      const artifacts = files.map(({ artifact }) => artifact);
      const opened: number[] = [];
      expect(await send(artifacts, source(files, opened))).toEqual({ sent: 3, bytes: 3_000_001 });
      expect(await sums()).toBe(inOrder(files));
      expect(await send(artifacts, source(files, opened))).toEqual({ sent: 0, bytes: 0 });
      expect(opened).toHaveLength(3);
    });

    it('asks once in a taskset about what stays, and anew where a step lacks it', async () => {
      const files = [file(3_000), file(4_000)];
      const artifacts = files.map(({ artifact }) => artifact);
      const sent: number[] = [];
      await asWorker(machine.target, async (session) => {
        const ensure = async (within: string): Promise<void> => {
          sent.push((await session.ensureArtifacts(artifacts, source(files), { within })).sent);
        };
        await session.ensureArtifacts(artifacts.slice(1), source(files), { within: 't1' });
        await ensure('t1');
        // Behind the connection's back.
        await bystander.sh(`rm ${STORE}/*`);
        await ensure('t1');
        await ensure('t2');
        await bystander.sh(`rm ${STORE}/*`);
        const lacks =
          'mkdir -p "$PLINTH_RUN_DIR/results"; echo x >"$PLINTH_RUN_DIR/results/again"; exit 1';
        await session.runStep(stepRun(lacks));
        await ensure('t2');
        // Given back, and claimed anew.
        await bystander.sh(`rm ${STORE}/*`);
        await session.runStep(stepRun('true', { step: 'release', requireOwner: false }));
        await ensure('t2');
      });
      expect(sent).toEqual([1, 0, 2, 2, 2]);
    });

    it('tells its progress up to the whole', async () => {
      const { artifact, bytes } = file(1_000_000);
      const seen: [number, number][] = [];
      await send([artifact], source([{ artifact, bytes }]), {
        onProgress: (sent, total) => seen.push([sent, total]),
      });
      expect(seen.at(-1)).toEqual([1_000_000, 1_000_000]);
      expect(seen.every(([sent], i) => sent > (seen[i - 1]?.[0] ?? 0))).toBe(true);
    });

    it('goes on where a cut transfer stopped', async () => {
      const one = file(8_000_000);
      const from: number[] = [];
      async function* cutting(): AsyncGenerator<Buffer> {
        yield one.bytes.subarray(0, 5_000_000);
        await until(
          'it arrives',
          async () => Number(await bystander.sh(`stat -c %s ${STORE}/*.part`)) > 3_000_000,
        );
        machine.cut();
        yield* chunks(one.bytes.subarray(5_000_000));
      }
      const cut = send([one.artifact], () => Readable.from(cutting(), { objectMode: false }));
      await expect(cut).rejects.toMatchObject({ code: 'ConnectionLost' });
      const { bytes } = await send([one.artifact], source([one], from));
      expect(from).toEqual([expect.any(Number)]);
      expect(from[0]).toBeGreaterThan(3_000_000);
      expect(bytes).toBe(8_000_000 - (from[0] ?? 0));
      expect(await sums()).toBe(inOrder([one]));
    });

    it('starts over when the part that was there is damaged', async () => {
      const one = file(200_000);
      await bystander.sh(`mkdir -p ${STORE} && echo garbage >${STORE}/${one.artifact.sha256}.part`);
      const from: number[] = [];
      await send([one.artifact], source([one], from));
      expect(from).toEqual(['garbage\n'.length, 0]);
      expect(await sums()).toBe(inOrder([one]));
    });

    it('refuses a file that is not what the index says, and keeps nothing of it', async () => {
      const one = file(200_000);
      const other = { ...file(200_000), artifact: one.artifact };
      await expect(send([one.artifact], source([other]))).rejects.toMatchObject({
        code: 'ArtifactCorrupt',
      });
      expect(await bystander.sh(`ls ${STORE}`)).toBe('');
    });

    it.each([
      ['shorter', (bytes: Buffer) => bytes.subarray(1)],
      ['longer', (bytes: Buffer) => Buffer.concat([bytes, bytes])],
    ])('refuses a file that is %s than the index says', async (_, change) => {
      const one = file(100_000);
      const changed = { ...one, bytes: change(one.bytes) };
      await expect(send([one.artifact], source([changed]))).rejects.toMatchObject({
        code: 'ArtifactCorrupt',
      });
    });

    it('names a file that its source does not have', async () => {
      const { artifact } = file(10);
      const open = () =>
        new Readable({
          read: (): never => {
            throw new Error('ENOENT: no such file');
          },
        });
      await expect(send([artifact], open)).rejects.toMatchObject({
        code: 'ArtifactMissing',
        message: expect.stringContaining(artifact.path) as string,
      });
    });

    it('sends a file once to two callers on one connection that lack it', async () => {
      const one = file(2_000_000);
      const opened: number[] = [];
      const machines = createMachines();
      const call = () =>
        machines.with(machine.target, (session) =>
          session.ensureArtifacts([one.artifact], source([one], opened)),
        );
      const results = await Promise.all([call(), call()]);
      await machines.close();
      expect(results.map(({ sent }) => sent).sort()).toEqual([0, 1]);
      expect(opened).toEqual([0]);
    });

    it('sends small files together, once for two workers, and large ones by themselves', async () => {
      const files = [5_000_000, 700, 0, 511, 512, 513, 90_000].map(file);
      const artifacts = files.map(({ artifact }) => artifact);
      const opened: number[] = [];
      const call = () => send(artifacts, source(files, opened));
      const results = await Promise.all([call(), call()]);
      expect(results.reduce((sum, { sent }) => sum + sent, 0)).toBe(files.length);
      expect(opened).toEqual(files.map(() => 0));
      expect(await sums()).toBe(inOrder(files));
      expect(await bystander.sh(`ls -A ${STORE}`)).not.toMatch(/pack|part/);
    });

    it('names the one of the small files that is not what the index says', async () => {
      const files = [file(700), file(800), file(900)];
      const [good, bad, last] = files as [File, File, File];
      const other = { ...file(800), artifact: bad.artifact };
      const sending = send(
        files.map(({ artifact }) => artifact),
        source([good, other, last]),
      );
      await expect(sending).rejects.toMatchObject({
        code: 'ArtifactCorrupt',
        message: expect.stringContaining(bad.artifact.sha256) as string,
      });
      expect(await bystander.sh(`ls ${STORE}`)).toBe('');
    });

    it('sends a file once for two workers that lack it', async () => {
      const one = file(5_000_000);
      const opened: number[] = [];
      const call = () => send([one.artifact], source([one], opened));
      const results = await Promise.all([call(), call()]);
      expect(results.map(({ sent }) => sent).sort()).toEqual([0, 1]);
      expect(opened).toEqual([0]);
      expect(await sums()).toBe(inOrder([one]));
    });

    it('says which disk is too small, before a byte is sent', async () => {
      const { artifact } = file(1);
      const opened: number[] = [];
      const huge = { ...artifact, size: 1e15 };
      await expect(send([huge], source([], opened))).rejects.toMatchObject({
        code: 'StepFailed',
        failure: { hint: expect.stringMatching(/^free at least \d+ MB on \//) as string },
      });
      expect(opened).toEqual([]);
    });

    it('stops when the caller gives up', async () => {
      const one = file(1_000_000);
      const abort = new AbortController();
      const stopping = send([one.artifact], source([one]), {
        signal: abort.signal,
        onProgress: () => abort.abort(),
      });
      await expect(stopping).rejects.toMatchObject({ code: 'Cancelled' });
    });
  });
}
