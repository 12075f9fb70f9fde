import { setTimeout as delay } from 'node:timers/promises';

import { expect } from 'vitest';

import { execOn, powerOff, powerOn } from '../../lab/lab.js';
import { etcdIsHealthy } from './etcdMembers.js';
import type { Kubectl } from './kubectl.js';
import { answered, answeredWrites, longestGap, startProbing, stopProbing } from './probe.js';
import { until } from './until.js';

/** A power cut is noticed within seconds; this long it is watched. */
const WATCHED_MS = 20_000;

export interface PowerCut {
  /** Of three control planes, the one that loses its power, and gets it back in the end. */
  lost: string;
  /** Another one, on which somebody reads and somebody writes meanwhile, through this. */
  by: string;
  url: string;
  kubectl: Kubectl;
}

/** Expects that reads and writes go on, and that nothing of what was answered is lost; says how long they were not answered. */
export async function expectServedWithout({ lost, by, url, kubectl }: PowerCut): Promise<void> {
  await startProbing(by, `without-${lost}`, url);
  await delay(3000);
  const cut = Date.now();
  await powerOff(lost);
  await delay(WATCHED_MS);
  const { reads, writes } = await stopProbing(by);
  await powerOn(lost);
  await untilWhole(kubectl);
  const row = [reads, writes].map((probes) => {
    const after = probes.filter(({ to }) => to >= cut - 1000);
    const failed = after.filter((probe) => !answered(probe));
    return `${longestGap(after).toFixed(1)} s, ${String(failed.length)} of ${String(after.length)} not answered`;
  });
  process.stdout.write(`without ${lost}: reads ${row.join('; writes ')}\n`);
  for (const probes of [reads, writes]) {
    expect(longestGap(probes)).toBeLessThan(12);
    // Still at work in the end.
    expect(
      probes.filter((each) => each.to > cut + 15_000 && answered(each)).length,
    ).toBeGreaterThan(9);
  }
  const { made, gone } = await answeredWrites(writes, kubectl);
  expect(made.length).toBeGreaterThan(20);
  expect(gone).toEqual([]);
}

/** Of three control planes, `m1` to `m3`. */
export async function untilWhole(kubectl: Kubectl): Promise<void> {
  const machines = ['m1', 'm2', 'm3'];
  await until('all nodes, members of etcd and API servers are ready', 300, async () => {
    const nodes = await kubectl(['get', 'nodes', '--no-headers']).catch(() => '');
    const ready = nodes.split('\n').filter((row) => / Ready /.test(row)).length;
    const all = await Promise.all([...machines.map(etcdIsHealthy), ...machines.map(apiIsReady)]);
    return ready === 3 && all.every(Boolean) ? true : undefined;
  });
}

/** One that only just accepts connections does not know yet who may do what: it forbids everything. */
async function apiIsReady(machine: string): Promise<boolean> {
  const ask = 'curl -fsSk --max-time 10 https://127.0.0.1:6443/readyz';
  return (await execOn(machine, ask)).stdout === 'ok';
}
