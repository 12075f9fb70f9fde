import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { fixtureStepContext } from '../../test/fixtures/stepContext.js';
import { scriptMachine, type ScriptMachine } from '../../test/fixtures/stepScript.js';
import { clusterKeysStep, snapshotTakeStep } from './snapshot.js';

let machine: ScriptMachine;
beforeEach(async () => {
  machine = await scriptMachine();
});
afterEach(() => machine.remove());

const run = (module = snapshotTakeStep) =>
  machine.run(module, fixtureStepContext(), ['/etc/kubernetes']);
const result = (name: string) => machine.said(`run/results/${name}`);

/** An etcd that answers with this data, in pieces. */
async function etcd(data: Buffer, health = 'true'): Promise<void> {
  const sum = createHash('sha256').update(data).digest();
  const pieces = [data.subarray(0, 5), data.subarray(5), sum].map((piece) =>
    JSON.stringify({ result: { remaining_bytes: '1', blob: piece.toString('base64') } }),
  );
  await machine.put('pieces', `${pieces.join('\n')}\n`);
  await machine.program(
    'curl',
    `case "$*" in
      *snapshot*) echo taken >>"$D/taken"; cat "$D/pieces" ;;
      *status*) echo '{"header":{"cluster_id":"1","revision":"4711","raft_term":"2"},"version":"3.6.6"}' ;;
      *health*) printf '{"health":"${health}"}' ;;
    esac`,
  );
}

describe('snapshot-take', () => {
  const data = Buffer.from('all that the API server ever knew '.repeat(100));

  it('leaves the compressed snapshot and says what it is, once', async () => {
    await etcd(data);
    const done = await run();
    expect(done.outcome, done.output).toBe('done');
    const folder = join(machine.dir, 'state/snapshot');
    expect((await readdir(folder)).toSorted()).toEqual(['kq3x9ab.gz', 'kq3x9ab.gz.facts']);
    const packed = await readFile(join(folder, 'kq3x9ab.gz'));
    const raw = gunzipSync(packed);
    expect(raw.subarray(0, -32).equals(data)).toBe(true);
    const sumOf = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
    expect(await result('sha256')).toBe(sumOf(raw));
    expect(await result('packedSha256')).toBe(sumOf(packed));
    expect(await result('size')).toBe(String(raw.length));
    expect(await result('packedSize')).toBe(String(packed.length));
    expect(await result('revision')).toBe('4711');

    await machine.put('run/results/sha256', 'forgotten');
    expect((await run()).outcome).toBe('skipped');
    expect(await result('sha256')).toBe(sumOf(raw));
    expect((await machine.said('taken'))?.split('\n')).toHaveLength(1);
  });

  it('takes the place of one that nobody fetched', async () => {
    await machine.put('state/snapshot/older.gz', 'x');
    await etcd(data);
    expect((await run()).outcome).toBe('done');
    expect(existsSync(join(machine.dir, 'state/snapshot/older.gz'))).toBe(false);
  });

  it('is none of an etcd that is not healthy, nor one that was cut short', async () => {
    await etcd(data, 'false');
    expect(await run()).toMatchObject({ outcome: 'failed', failCode: 'StepFailed' });
    await etcd(data);
    const pieces = (await readFile(join(machine.dir, 'pieces'), 'utf8')).split('\n');
    await machine.put('pieces', `${pieces.slice(0, 1).join('\n')}\n`);
    const cut = await run();
    expect(cut.output).toContain('not whole');
    expect(await result('packedSize')).toBeUndefined();
  });
});

describe('cluster-keys', () => {
  const files = ['ca', 'front-proxy-ca', 'etcd/ca'].flatMap((name) => [
    `${name}.crt`,
    `${name}.key`,
  ]);

  it('are a result, and not in the output', async () => {
    for (const file of [...files, 'sa.key', 'sa.pub', 'apiserver.key']) {
      await machine.put(`etc/kubernetes/pki/${file}`, `PLANTED ${file}`);
    }
    const done = await run(clusterKeysStep);
    expect(done.outcome, done.output).toBe('done');
    const archive = gunzipSync(Buffer.from((await result('keys')) ?? '', 'base64')).toString();
    for (const file of [...files, 'sa.key', 'sa.pub']) expect(archive).toContain(`PLANTED ${file}`);
    expect(archive).not.toContain('apiserver.key');
    expect(done.output).not.toContain('PLANTED');
  });

  it('that are not all there are an error with what to do', async () => {
    await machine.put('etc/kubernetes/pki/ca.crt', 'x');
    const failed = await run(clusterKeysStep);
    expect(failed).toMatchObject({ outcome: 'failed', failCode: 'StepFailed' });
    expect(failed.hint).toContain('put it back');
  });
});
