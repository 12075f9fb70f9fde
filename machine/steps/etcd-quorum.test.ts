import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  mayAdd,
  mayRemove,
  mayRestart,
  removalOrder,
  type EtcdMember,
  type QuorumVerdict,
} from '../../core/quorum.js';
import { ADD, members, ORDER, REMOVE, RESTART } from '../../test/etcd/quorumCases.js';

const LIBRARY = readFileSync(new URL('etcd-quorum.sh', import.meta.url), 'utf8');

interface Call {
  call: 'may_add' | 'may_remove' | 'may_restart' | 'removal_order';
  etcd: readonly EtcdMember[];
  about: string;
  /** Control planes of the spec. */
  wanted?: number | undefined;
}

const rows = (etcd: readonly EtcdMember[]): string =>
  etcd
    .map(({ name, vote, healthy }) => `${name} ${vote} ${healthy ? 'healthy' : 'silent'}`)
    .join('\n');

/** What the functions print, under the settings of every step: many calls in one shell. */
function ask(calls: readonly Call[]): string[] {
  const lines = calls.map(({ call, etcd, about, wanted = '' }) => {
    // It says no by its exit code as well.
    const may = call === 'removal_order' ? ' || true' : '';
    return `${call} '${rows(etcd)}' '${about}' ${wanted}${may}; printf '\\0'`;
  });
  const script = ['set -Eeuo pipefail', LIBRARY, ...lines].join('\n');
  return execFileSync('bash', ['-s'], { input: script, encoding: 'utf8' }).split('\0').slice(0, -1);
}

/** What core/quorum.ts says to the same. */
function decided({ call, etcd, about, wanted }: Call): string {
  if (call === 'removal_order') {
    const order = removalOrder(etcd, about.split('\n'));
    return order.allowed ? order.order.join('\n') : order.because;
  }
  if (call === 'may_restart') return said(mayRestart(etcd, about, wanted));
  return said({ may_add: mayAdd, may_remove: mayRemove }[call](etcd, about));
}

function said(verdict: QuorumVerdict): string {
  return verdict.allowed ? '' : verdict.because;
}

const table: (Call & { title: string; says: string })[] = [
  ...ADD.map(({ title, etcd, joining, refused = '' }) => ({
    ...{ title, call: 'may_add' as const, etcd: members(etcd), about: joining, says: refused },
  })),
  ...REMOVE.map(({ title, etcd, leaving, refused = '' }) => ({
    ...{ title, call: 'may_remove' as const, etcd: members(etcd), about: leaving, says: refused },
  })),
  ...RESTART.map(({ title, etcd, restarting, wanted, refused = '' }) => ({
    ...{ title, call: 'may_restart' as const, etcd: members(etcd), about: restarting, wanted },
    says: refused,
  })),
  ...ORDER.map(({ title, etcd, leaving, order, refused }) => ({
    ...{ title, call: 'removal_order' as const, etcd: members(etcd), about: leaving.join('\n') },
    says: refused ?? (order ?? []).join('\n'),
  })),
];

describe("the machines' own rules", () => {
  it.each(table)('$call: $title', ({ says, ...call }) => {
    expect(ask([call])).toEqual([says]);
  });

  it('are those of core/quorum.ts, whatever the members', () => {
    const member = fc.record({
      name: fc.constantFrom('m1', 'm2', 'm3', 'm4', 'm5'),
      vote: fc.constantFrom('voter' as const, 'voter' as const, 'learner' as const),
      healthy: fc.boolean(),
    });
    const etcd = fc.uniqueArray(member, { selector: ({ name }) => name, maxLength: 5 });
    const name = fc.constantFrom('m1', 'm2', 'm3', 'm9');
    const names = fc.subarray(['m1', 'm2', 'm3', 'm4', 'm9'], { minLength: 1 });
    const call: fc.Arbitrary<Call> = fc.oneof(
      fc.record({
        call: fc.constantFrom('may_add', 'may_remove', 'may_restart'),
        etcd,
        about: name,
        wanted: fc.constantFrom(1, 2, 3, 5),
      }),
      fc.record({
        call: fc.constant('removal_order'),
        etcd,
        about: names.map((all) => all.join('\n')),
      }),
    );
    fc.assert(
      fc.property(fc.array(call, { minLength: 40, maxLength: 40 }), (calls) => {
        expect(ask(calls)).toEqual(calls.map(decided));
      }),
      { numRuns: 5 },
    );
  });
});
