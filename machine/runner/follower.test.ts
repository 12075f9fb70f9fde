import { describe, expect, it } from 'vitest';

import type { MachineTarget } from '../types.js';
import { Follower } from './follower.js';

const target: MachineTarget = { node: 'n1', host: 'h', port: 22, username: 'root', privateKey: '' };
const END = ['outcome done', 'exit 0', 'started 1000', 'ended 2000', 'boot b', 'size 12'];

function follow(from = 0): { follower: Follower; lines: string[]; asked: string[] } {
  const [lines, asked]: string[][] = [[], []];
  const onLines = (more: string[]): void => void lines?.push(...more);
  const follower = new Follower(target, 'N0', { from, onLines }, (sha) => asked?.push(sha));
  return { follower, lines: lines ?? [], asked: asked ?? [] };
}

const words = (...lines: string[]): Buffer =>
  Buffer.from(lines.map((line) => `N0 ${line}\n`).join(''));
const end = words('run started r b', ...END.map((line) => `state ${line}`), 'end');

describe('following a run', () => {
  it('gives its result whichever stream is the later one', async () => {
    for (const order of ['output first', 'end first']) {
      const { follower, lines } = follow();
      const output = (): void => follower.stdout(Buffer.from('N0 0\nhello\nworld\n'));
      if (order === 'output first') output();
      follower.stderr(end);
      if (order === 'end first') output();
      expect(await follower.result).toMatchObject({
        outcome: 'done',
        startedAt: 1000,
        endedAt: 2000,
      });
      expect(lines).toEqual(['hello', 'world']);
    }
  });

  it('is not over before the last byte of output was read', async () => {
    const { follower, lines } = follow();
    follower.stdout(Buffer.from('N0 0\nhello\n'));
    follower.stderr(end);
    await Promise.resolve();
    expect(follower.settled).toBe(false);
    follower.stdout(Buffer.from('world'));
    follower.stdout(Buffer.from('\n'));
    await follower.result;
    expect(lines).toEqual(['hello', 'world']);
  });

  it('leaves out what a login shell or sudo says', async () => {
    const { follower, lines } = follow();
    follower.stdout(Buffer.from('Welcome to n1!\nN'));
    follower.stdout(Buffer.from('0 0\nhello\nworld\n'));
    follower.stderr(Buffer.from('sudo: unable to resolve host n1\n'));
    follower.stderr(end);
    expect((await follower.result).lastLines).toEqual(['hello', 'world']);
    expect(lines).toEqual(['hello', 'world']);
    expect(follower.noise).toBe('sudo: unable to resolve host n1\n');
  });

  it('drops what a killed run still writes after its end', async () => {
    const { follower, lines } = follow();
    follower.stderr(end);
    follower.stdout(Buffer.from('N0 0\nhello\nworld\nlate\n'));
    await follower.result;
    expect(lines).toEqual(['hello', 'world']);
  });

  it('shows a last line without a newline', async () => {
    const { follower, lines } = follow();
    follower.stdout(Buffer.from('N0 0\nhello\nworld!'));
    follower.stderr(end);
    await follower.result;
    expect(lines).toEqual(['hello', 'world!']);
  });

  it('is asked for the scripts that the machine lacks', () => {
    const { follower, asked } = follow();
    follower.stderr(words('need abc', 'need def'));
    expect(asked).toEqual(['abc', 'def']);
  });

  it('fails with what its listener threw', async () => {
    const onLines = (): void => {
      throw new Error('the store is gone');
    };
    const follower = new Follower(target, 'N0', { from: 0, onLines }, () => undefined);
    follower.stdout(Buffer.from('N0 0\nhello\n'));
    await expect(follower.result).rejects.toThrow('the store is gone');
  });

  it.each([
    ['Busy another start', 'Busy'],
    ['NotClaimed', 'NotClaimed'],
    ['ForeignCluster {"clusterId":"c9","cluster":"prod","project":"p"}', 'ForeignCluster'],
    ['StepFailed no space', 'StepFailed'],
  ])('that is refused as %j fails with %s', async (refusal, code) => {
    const { follower } = follow();
    follower.stderr(words(`refuse ${refusal}`));
    await expect(follower.result).rejects.toMatchObject({ code });
  });
});
