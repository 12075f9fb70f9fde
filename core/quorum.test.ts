import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { EtcdModel } from '../test/etcd/etcdModel.js';
import { ADD, members, ORDER, REMOVE, RESTART } from '../test/etcd/quorumCases.js';
import { mayAdd, mayRemove, mayRestart, removalOrder, type EtcdMember } from './quorum.js';

const verdict = (refused?: string): object =>
  refused === undefined ? { allowed: true } : { allowed: false, because: refused };

describe('who may come, go and be away', () => {
  it.each(ADD)('adds: $title', ({ etcd, joining, refused }) => {
    expect(mayAdd(members(etcd), joining)).toEqual(verdict(refused));
  });

  it.each(REMOVE)('takes out: $title', ({ etcd, leaving, refused }) => {
    expect(mayRemove(members(etcd), leaving)).toEqual(verdict(refused));
  });

  it.each(ORDER)('takes out several: $title', ({ etcd, leaving, order, refused }) => {
    expect(removalOrder(members(etcd), leaving)).toEqual(
      order === undefined ? verdict(refused) : { allowed: true, order },
    );
  });

  it.each(RESTART)('restarts: $title', ({ etcd, restarting, wanted, refused }) => {
    expect(mayRestart(members(etcd), restarting, wanted)).toEqual(verdict(refused));
  });
});

const NAMES = ['m1', 'm2', 'm3', 'm4', 'm5', 'm6', 'm7'] as const;
type Action =
  { do: 'add' | 'promote' | 'remove' | 'restart' | 'kill' | 'revive'; name: string } | Several;
interface Several {
  do: 'remove several';
  names: string[];
}

const action: fc.Arbitrary<Action> = fc.oneof(
  fc.record({
    do: fc.constantFrom('add', 'promote', 'remove', 'restart', 'kill', 'revive'),
    name: fc.constantFrom(...NAMES),
  }),
  fc.record({ do: fc.constant('remove several'), names: fc.subarray([...NAMES]) }),
);

function seen(etcd: EtcdModel): EtcdMember[] {
  const member = (vote: EtcdMember['vote']) => (name: string) => ({
    ...{ name, vote, healthy: !etcd.isDead(name) },
  });
  return [...etcd.voters.map(member('voter')), ...etcd.learners.map(member('learner'))];
}

/** Does it where we would; what we would refuse is not done. */
function act(etcd: EtcdModel, doing: Action): void {
  switch (doing.do) {
    case 'add':
      // kubeadm-join takes what an earlier attempt left out first: that is `remove`.
      if (seen(etcd).some(({ name }) => name === doing.name)) return;
      if (mayAdd(seen(etcd), doing.name).allowed) etcd.addLearner(doing.name);
      return;
    case 'promote':
      // Not ours: kubeadm's, when the learner has caught up.
      if (etcd.hasQuorum) etcd.promote(doing.name);
      return;
    case 'remove':
      if (etcd.hasQuorum && mayRemove(seen(etcd), doing.name).allowed) etcd.remove(doing.name);
      return;
    case 'remove several': {
      const order = removalOrder(seen(etcd), doing.names);
      if (!order.allowed || !etcd.hasQuorum) return;
      for (const name of order.order) {
        etcd.remove(name);
        expect(etcd.hasQuorum, `after ${name} of ${doing.names.join()}`).toBe(true);
      }
      return;
    }
    case 'restart':
      // A cluster of fewer than three has no quorum to lose; of a larger one two may be left, on the way.
      if (etcd.voters.length < 2) return;
      if (etcd.isDead(doing.name) || !mayRestart(seen(etcd), doing.name, 3).allowed) return;
      etcd.kill(doing.name);
      expect(etcd.hasQuorum, `while ${doing.name} restarts`).toBe(true);
      etcd.revive(doing.name);
      return;
    case 'kill':
      etcd.kill(doing.name);
      return;
    case 'revive':
      etcd.revive(doing.name);
  }
}

const isOurs = (doing: Action): boolean => doing.do !== 'kill' && doing.do !== 'revive';

describe('whatever we do, and whatever fails in between', () => {
  const runs = fc.tuple(
    fc.subarray([...NAMES], { minLength: 1 }),
    fc.array(action, { maxLength: 40 }),
  );

  it('no action of ours takes the quorum away', () => {
    fc.assert(
      fc.property(runs, ([first, actions]) => {
        const etcd = new EtcdModel(first);
        for (const doing of actions) {
          const had = etcd.hasQuorum;
          act(etcd, doing);
          if (had && isOurs(doing)) expect(etcd.hasQuorum, JSON.stringify(doing)).toBe(true);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('one member changes at a time: nobody joins or leaves while another has yet to get its vote', () => {
    fc.assert(
      fc.property(runs, ([first, actions]) => {
        const etcd = new EtcdModel(first);
        for (const doing of actions) {
          act(etcd, doing);
          expect(etcd.learners.length).toBeLessThanOrEqual(1);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('without failures nothing is refused but to be left without any', () => {
    const all = fc
      .subarray([...NAMES], { minLength: 1 })
      .chain((first) => fc.tuple(fc.constant(first), fc.subarray(first)));
    fc.assert(
      fc.property(all, ([first, leaving]) => {
        const etcd = members(first.join(' '));
        expect(removalOrder(etcd, leaving).allowed).toBe(leaving.length < first.length);
        expect(mayAdd(etcd, 'm9')).toEqual({ allowed: true });
      }),
    );
  });
});
