import { readFileSync } from 'node:fs';

import { expect, test } from 'vitest';

import { compareMinors, kubernetesMinors } from '../../core/matrix.js';
import { CALICO_ROWS } from '../../core/matrixData.js';
import { OPERATING_SYSTEMS, type OperatingSystemRow } from '../../core/operatingSystems.js';
import { KERNEL_MODULES, PORTS, THRESHOLDS } from '../../machine/preflight/thresholds.js';
import { codeOf, sectionOf, tableRows } from './tables.js';

const page = readFileSync('docs/machines.md', 'utf8');
const minors = kubernetesMinors();
const newest = minors.at(-1) ?? '';

function range(from: string, to: string): string {
  const last = compareMinors(to, newest) > 0 ? newest : to;
  return from === last ? from : `${from}–${last}`;
}

test('docs/machines.md has every system with the Kubernetes that it goes up to', () => {
  const systems = tableRows(sectionOf(page, 'Systems')).filter(([word]) => word?.startsWith('`'));
  const known = Object.values<OperatingSystemRow>(OPERATING_SYSTEMS).map((row) => {
    expect(row.arch).toEqual(['amd64', 'arm64']);
    const { lastKubernetes: last } = row;
    const goesTo = last && `up to ${last.minor}: ${last.because}`;
    return [`\`${row.word}\``, goesTo ?? range(minors[0] ?? '', newest)];
  });
  expect(systems).toEqual(known);
});

test('docs/machines.md has every Calico with its Kubernetes', () => {
  const told = tableRows(sectionOf(page, 'Systems')).filter(([word]) => /^\d/.test(word ?? ''));
  const known = CALICO_ROWS.map(({ version, kubernetes: { from, to } }) => [
    version,
    range(from, to),
  ]);
  const first = told.map(([version, minor]) => [version, minor?.split(' ')[0]]);
  expect(first.toSorted()).toEqual(known.toSorted());
});

test('docs/machines.md has every port that must be free', () => {
  const told = tableRows(sectionOf(page, 'Network')).map(([port, on, use]) => [
    port?.replaceAll('*', ''),
    on,
    use?.split(/;| \(/)[0],
  ]);
  const known = PORTS.map(({ port, protocol, use, controlPlaneOnly }) => [
    `${String(port)}/${protocol}`,
    controlPlaneOnly ? 'control planes' : 'all',
    use,
  ]);
  expect(told).toEqual(known);
});

test('docs/machines.md has the sizes, clocks and modules that preflight asks for', () => {
  const size = sectionOf(page, 'Size');
  const { controlPlane, worker, disk, clockSkewMs } = THRESHOLDS;
  const mebibytes = (bytes: number) => `${(bytes / 2 ** 20).toLocaleString('en')} MiB`;
  const free = `${String(disk.freeBytes / 1e9)} GB`;
  expect(tableRows(size).map((cells) => cells.slice(1))).toEqual([
    [String(controlPlane.cpus), String(worker.cpus)],
    [mebibytes(controlPlane.memoryBytes), mebibytes(worker.memoryBytes)],
    [free, free],
  ]);
  expect(size).toContain(`Clocks: at most ${String(clockSkewMs / 1000)} s`);
  const [modules = ''] = sectionOf(page, 'Kernel').split(', loaded');
  expect(codeOf(modules)).toEqual(KERNEL_MODULES.map(({ name }) => name));
});
