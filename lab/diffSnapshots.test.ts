import { expect, test } from 'vitest';
import { diffSnapshots, formatDifference } from './diffSnapshots.js';
import { SNAPSHOT_SECTIONS, type MachineSnapshot, type SnapshotSection } from './snapshot.js';

function snapshot(
  parts: Partial<Record<SnapshotSection, Record<string, string>>> = {},
): MachineSnapshot {
  const empty = Object.fromEntries(SNAPSHOT_SECTIONS.map((section) => [section, {}]));
  return { ...(empty as MachineSnapshot), ...parts };
}

test('two snapshots of the same machine do not differ', () => {
  const one = snapshot({ files: { '/etc/hosts': 'file 0644 0:0 9 abc' } });
  expect(diffSnapshots(one, structuredClone(one))).toEqual([]);
});

test('what came, what went and what changed is each one difference', () => {
  const before = snapshot({ files: { '/a': '1', '/b': '1' }, links: { eth0: 'veth' } });
  const after = snapshot({ files: { '/b': '2' }, links: { eth0: 'veth', cali0: 'veth' } });
  expect(diffSnapshots(before, after).map(formatDifference)).toEqual([
    'files: - /a (1)',
    'files: /b: 1 => 2',
    'links: + cali0 (veth)',
  ]);
});

test('an exclusion covers its own entry in its own section and nothing else', () => {
  const after = snapshot({
    files: { '/var/log/a': '1', '/var/log/ab': '1' },
    mounts: { '/var/log/a': 'x' },
  });
  const exclusions = [{ section: 'files', key: '/var/log/a', reason: 'a log' }] as const;
  const left = diffSnapshots(snapshot(), after, exclusions);
  expect(left.map(({ section, key }) => [section, key])).toEqual([
    ['files', '/var/log/ab'],
    ['mounts', '/var/log/a'],
  ]);
});

test('an excluded folder covers itself and all below it, not its neighbours', () => {
  const after = snapshot({
    files: { '/var/log/apt': 'directory', '/var/log/apt/x': '1', '/var/log/apt2': '1' },
  });
  const exclusions = [{ section: 'files', key: '/var/log/apt/', reason: 'logs' }] as const;
  expect(diffSnapshots(snapshot(), after, exclusions).map(({ key }) => key)).toEqual([
    '/var/log/apt2',
  ]);
});
