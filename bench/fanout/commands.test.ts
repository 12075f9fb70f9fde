import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, it } from 'vitest';

import { ansibleConfig, playOf } from './ansible.js';
import { commandOf, lineProblem, numbers } from './commands.js';
import { configOf, type SshdFarm } from './sshdFarm.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'plinth-commands-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

it('all commands, one after the other, leave what is asked for', () => {
  const output = join(folder, 'out');
  for (const number of numbers) execFileSync('sh', ['-c', commandOf(number, output)]);
  expect(lineProblem(readFileSync(output, 'utf8').trimEnd().split('\n'))).toBeUndefined();
});

it('a line that is missing, or stands elsewhere, is a problem', () => {
  const lines = numbers.map((number) => `line ${String(number)}`);
  expect(lineProblem(lines.slice(1))).toBe('29 lines, not 30');
  const turned = [...lines.slice(0, 28), lines[29] ?? '', lines[28] ?? ''];
  expect(lineProblem(turned)).toBe('line 29 is "line 30"');
});

it('Ansible is given the same commands, a task each', () => {
  const [play] = JSON.parse(playOf()) as [{ tasks: Record<string, string>[] }];
  const own = play.tasks.map((task) =>
    task['ansible.builtin.shell']?.replace('{{ folder }}', '/m'),
  );
  expect(own).toEqual(numbers.map((number) => commandOf(number, '/m/out')));
});

it('Ansible is given them as jobs that outlive their connection where ours do', () => {
  const [play] = JSON.parse(playOf({ detached: true })) as [{ tasks: object[] }];
  expect(play.tasks).toHaveLength(numbers.length);
  for (const task of play.tasks) expect(task).toMatchObject({ async: 60, poll: 1 });
  expect(playOf()).not.toContain('async');
});

it('Ansible checks host keys, and its connections stay open between tasks, tuned or not', () => {
  const farm = { machines: [], keyPath: '/k', stop: () => Promise.resolve() } satisfies SshdFarm;
  const plain = ansibleConfig({ own: '/a', farm, forks: 5, pipelining: false });
  const tuned = ansibleConfig({ own: '/a', farm, forks: 40, pipelining: true });
  for (const text of [plain, tuned]) {
    expect(text).toContain('host_key_checking = True');
    expect(text).toContain('ControlPersist=60s');
  }
  expect(plain).toContain('forks = 5\n');
  expect(tuned).toContain('forks = 40\n');
  expect([plain, tuned].map((text) => /pipelining = (\w+)/.exec(text)?.[1])).toEqual([
    'False',
    'True',
  ]);
});

it('an sshd listens at its own address only, and takes keys only', () => {
  const at = { address: '127.0.2.7', port: 2022, folder: '/f', own: '/f/m7' };
  const lines = configOf(at).split('\n');
  expect(lines.filter((line) => line.startsWith('ListenAddress'))).toEqual([
    'ListenAddress 127.0.2.7:2022',
  ]);
  expect(lines).toContain('PasswordAuthentication no');
});
