import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { EtcdModel } from '../test/etcd/etcdModel.js';
import { fixtureCluster, fixtureNode } from '../test/fixtures/cluster.js';
import type { ClusterSpec } from './cluster.js';
import { plan, type AppliedState, type OperationPlan } from './plan.js';
import { mayAdd, mayRemove, removalOrder, type EtcdMember } from './quorum.js';

/*
 * What the operations of a plan do to etcd's membership, one change at a time, in their order, with members dying and
 * coming back in between.
 */

const NAMES = ['m1', 'm2', 'm3', 'm4', 'm5', 'm6', 'm7'] as const;

function specOf(controlPlanes: readonly string[]): ClusterSpec {
  const { spec } = fixtureCluster();
  const nodes = controlPlanes.map((name) =>
    fixtureNode(Number(name.slice(1)), { roles: ['ControlPlane', 'Worker'] }),
  );
  return { ...spec, config: { ...spec.config, nodes: [...nodes, fixtureNode(9)] } };
}

function appliedOf(spec: ClusterSpec): AppliedState {
  const nodes = spec.config.nodes.map((node, index) => ({
    ...{ hostname: node.hostname, claimed: true, joined: true, leader: index === 0, spec: node },
  }));
  return { initialised: true, created: true, spec, blueprint: spec.blueprint, nodes };
}

function seen(etcd: EtcdModel): EtcdMember[] {
  const member = (vote: EtcdMember['vote']) => (name: string) => ({
    ...{ name, vote, healthy: !etcd.isDead(name) },
  });
  return [...etcd.voters.map(member('voter')), ...etcd.learners.map(member('learner'))];
}

/** Does an operation as its workflow and its scripts do. False: it has failed, and nothing after it is begun. */
function carryOut(
  operation: OperationPlan,
  etcd: EtcdModel,
  weather: () => void,
  reset: (hostname: string) => void,
): boolean {
  const changed = <T>(change: () => T): T => {
    const had = etcd.hasQuorum;
    const result = change();
    if (had) expect(etcd.hasQuorum, operation.name).toBe(true);
    weather();
    return result;
  };
  // Asked anew each time: what was true of it before a change is not true after it.
  const hasQuorum = (): boolean => etcd.hasQuorum;
  const asked = removalOrder(seen(etcd), operation.leaveNext ?? operation.leave);
  if (!asked.allowed) return false;
  weather();
  if (operation.leave.length > 0) {
    for (const name of asked.order) {
      // Its drain takes minutes: it is asked again.
      weather();
      if (!etcd.hasQuorum || !mayRemove(seen(etcd), name).allowed) return false;
      changed(() => {
        etcd.remove(name);
      });
    }
  }
  for (const { hostname, path } of operation.nodes) {
    if (path === 'clean') reset(hostname);
    if (path !== 'control-plane') continue;
    // One that fails is one node's failure: the next one has its turn.
    if (!etcd.hasQuorum || !mayAdd(seen(etcd), hostname).allowed) continue;
    changed(() => {
      etcd.addLearner(hostname);
    });
    if (hasQuorum()) changed(() => etcd.promote(hostname));
  }
  return true;
}

const controlPlanes = fc.subarray([...NAMES], { minLength: 1 });

describe('a plan, from any control planes to any others', () => {
  it('ends with those of the spec where nothing fails', () => {
    fc.assert(
      fc.property(controlPlanes, controlPlanes, (from, to) => {
        const etcd = new EtcdModel(from);
        for (const operation of plan(appliedOf(specOf(from)), {
          ...{ spec: specOf(to), deleting: false },
        })) {
          const quiet = (): void => undefined;
          expect(carryOut(operation, etcd, quiet, quiet), operation.name).toBe(true);
        }
        expect(etcd.voters).toEqual(to.toSorted());
        expect(etcd.learners).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it('never takes the quorum away, nor resets a machine that is still a member, whatever fails on the way', () => {
    const failures = fc.infiniteStream(
      fc.option(fc.record({ name: fc.constantFrom(...NAMES), dies: fc.boolean() }), { freq: 2 }),
    );
    fc.assert(
      fc.property(controlPlanes, controlPlanes, failures, (from, to, stream) => {
        const etcd = new EtcdModel(from);
        const weather = (): void => {
          const change = stream.next().value as { name: string; dies: boolean } | null;
          if (change?.dies === true) etcd.kill(change.name);
          else if (change !== null) etcd.revive(change.name);
        };
        const reset = (hostname: string): void => {
          expect([...etcd.voters, ...etcd.learners]).not.toContain(hostname);
        };
        const desired = { spec: specOf(to), deleting: false };
        for (const operation of plan(appliedOf(specOf(from)), desired)) {
          if (!carryOut(operation, etcd, weather, reset)) break;
        }
      }),
      { numRuns: 1000 },
    );
  });
});
