import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { EtcdModel } from '../test/etcd/etcdModel.js';
import { fixtureCluster, fixtureNode } from '../test/fixtures/cluster.js';
import type { ClusterSpec } from './cluster.js';
import { plan, type AppliedNode, type AppliedState, type OperationPlan } from './plan.js';
import { mayAdd, mayRemove, mayRestart, removalOrder, type EtcdMember } from './quorum.js';
import { OperationName } from './words.js';

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

/** Who is told of what is done. */
interface Told {
  /** Between two changes. */
  weather: () => void;
  reset: (hostname: string) => void;
  /** How many control planes the spec has. */
  wanted?: number;
  left?: (hostname: string) => void;
  begun?: (hostname: string) => void;
  joined?: (hostname: string) => void;
  upgraded?: (hostname: string) => void;
}

/** Does an operation as its workflow and its scripts do. False: it has failed, and nothing after it is begun. */
function carryOut(operation: OperationPlan, etcd: EtcdModel, told: Told): boolean {
  const { weather, reset } = told;
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
      told.left?.(name);
    }
  }
  for (const { hostname, path } of operation.nodes) {
    if (path === 'clean') reset(hostname);
    if (path === 'upgrade-first' || path === 'upgrade-control-plane') {
      if (!restart(hostname, etcd, told)) return false;
    }
    if (path === 'upgrade-worker') told.upgraded?.(hostname);
    if (path === 'added-worker') told.joined?.(hostname);
    if (path !== 'control-plane') continue;
    told.begun?.(hostname);
    // One that fails is one node's failure: the next one has its turn.
    if (!etcd.hasQuorum || !mayAdd(seen(etcd), hostname).allowed) continue;
    changed(() => {
      etcd.addLearner(hostname);
    });
    if (hasQuorum() && changed(() => etcd.promote(hostname))) told.joined?.(hostname);
  }
  return true;
}

/** Its kubelet starts the etcd of another version: for that moment it does not answer. */
function restart(hostname: string, etcd: EtcdModel, told: Told): boolean {
  if (etcd.isDead(hostname) || !etcd.hasQuorum) return false;
  if (!mayRestart(seen(etcd), hostname, told.wanted).allowed) return false;
  etcd.kill(hostname);
  // Of one or two there is no other way.
  if (etcd.voters.length > 2) expect(etcd.hasQuorum, `${hostname} restarts`).toBe(true);
  etcd.revive(hostname);
  expect(etcd.hasQuorum).toBe(true);
  told.upgraded?.(hostname);
  told.weather();
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
          expect(carryOut(operation, etcd, { weather: quiet, reset: quiet }), operation.name).toBe(
            true,
          );
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
          if (!carryOut(operation, etcd, { weather, reset })) break;
        }
      }),
      { numRuns: 1000 },
    );
  });
});

const VERSIONS = ['v1.34.4', 'v1.35.2', 'v1.36.1'] as const;

const specOfVersion = (controlPlanes: readonly string[], version: string): ClusterSpec => {
  const spec = specOf(controlPlanes);
  return { ...spec, config: { ...spec.config, kubernetesVersion: version } };
};

/** A cluster with what is recorded of it, as far as that is etcd's affair. */
class Life {
  readonly etcd: EtcdModel;
  readonly #nodes: Map<string, AppliedNode>;
  #applied: ClusterSpec;
  #control: string;

  constructor(spec: ClusterSpec) {
    const { nodes } = appliedOf(spec);
    const version = spec.config.kubernetesVersion;
    this.#nodes = new Map(
      nodes.map((node) => [node.hostname, { ...node, kubernetesVersion: version }]),
    );
    this.etcd = new EtcdModel(
      nodes.flatMap(({ hostname }) => (hostname === 'm9' ? [] : [hostname])),
    );
    this.#applied = spec;
    this.#control = version;
  }

  get #state(): AppliedState {
    const nodes = [...this.#nodes.values()];
    return { ...appliedOf(this.#applied), kubernetesVersion: this.#control, nodes };
  }

  /** One taskset. True: all of it went well. */
  work(spec: ClusterSpec, weather: () => void, fails: () => boolean): boolean {
    for (const operation of plan(this.#state, { spec, deleting: false })) {
      if (fails() || !this.#carryOut(operation, spec, weather)) return false;
    }
    // One that did not join is one node's failure, and the next taskset's affair.
    const well = spec.config.nodes.every(
      ({ hostname }) => this.#nodes.get(hostname)?.joined === true,
    );
    if (well) this.#applied = spec;
    return well;
  }

  #carryOut(operation: OperationPlan, spec: ClusterSpec, weather: () => void): boolean {
    const { kubernetesVersion: version = spec.config.kubernetesVersion } = operation;
    const set = (hostname: string, of: Partial<AppliedNode>): void => {
      const known = this.#nodes.get(hostname);
      const wanted = spec.config.nodes.find((node) => node.hostname === hostname);
      if (known !== undefined) this.#nodes.set(hostname, { ...known, ...of });
      else if (wanted !== undefined) {
        const bare = { hostname, spec: wanted, claimed: true, joined: false, leader: false };
        this.#nodes.set(hostname, { ...bare, ...of });
      }
    };
    return carryOut(operation, this.etcd, {
      weather,
      wanted: spec.config.nodes.length - 1,
      left: (hostname) => set(hostname, { leaving: true }),
      reset: (hostname) => {
        expect([...this.etcd.voters, ...this.etcd.learners]).not.toContain(hostname);
        this.#nodes.delete(hostname);
      },
      begun: (hostname) => set(hostname, { claimed: true }),
      joined: (hostname) => set(hostname, { joined: true, kubernetesVersion: version }),
      upgraded: (hostname) => {
        set(hostname, { kubernetesVersion: version });
        if (operation.name === OperationName.ClusterUpgrade) this.#control = version;
      },
    });
  }

  get versions(): string[] {
    return [...new Set([...this.#nodes.values()].map((node) => node.kubernetesVersion ?? ''))];
  }
}

describe('plans, one after another, to other control planes and other versions', () => {
  const turns = fc
    .array(fc.record({ controlPlanes, version: fc.nat({ max: VERSIONS.length - 1 }) }), {
      minLength: 2,
      maxLength: 5,
    })
    .map((all) => {
      // Kubernetes is never downgraded.
      const versions = all.map(({ version }) => version).toSorted((a, b) => a - b);
      return all.map(({ controlPlanes: names }, index) =>
        specOfVersion(names, VERSIONS[versions[index] ?? 0]!),
      );
    });
  const quiet = (): void => undefined;
  const never = (): boolean => false;

  const expectDone = ({ etcd, versions }: Life, { config }: ClusterSpec): void => {
    const names = config.nodes.flatMap(({ hostname }) => (hostname === 'm9' ? [] : [hostname]));
    expect(etcd.voters).toEqual(names.toSorted());
    expect(etcd.learners).toEqual([]);
    expect(versions).toEqual([config.kubernetesVersion]);
  };

  it('restart no member that may not, and end with the last spec where nothing fails', () => {
    fc.assert(
      fc.property(turns, ([first, ...later]) => {
        const life = new Life(first!);
        for (const spec of later) {
          expect(life.work(spec, quiet, never)).toBe(true);
          expectDone(life, spec);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('never take the quorum away, whatever fails on the way, and then end with the last spec', () => {
    const changes = fc.infiniteStream(
      fc.option(fc.record({ name: fc.constantFrom(...NAMES), dies: fc.boolean() }), { freq: 2 }),
    );
    const failures = fc.infiniteStream(fc.integer({ min: 0, max: 3 }).map((n) => n === 0));
    fc.assert(
      fc.property(turns, changes, failures, ([first, ...later], stream, broken) => {
        const life = new Life(first!);
        const weather = (): void => {
          const change = stream.next().value as { name: string; dies: boolean } | null;
          if (change?.dies === true) life.etcd.kill(change.name);
          else if (change !== null) life.etcd.revive(change.name);
        };
        for (const spec of later) life.work(spec, weather, () => broken.next().value as boolean);
        for (const name of NAMES) life.etcd.revive(name);
        // Until one that is half joined has its vote, nobody may leave.
        if (life.etcd.learners.length > 0) return;
        const last = later.at(-1)!;
        expect(life.work(last, quiet, never)).toBe(true);
        expectDone(life, last);
      }),
      { numRuns: 1000 },
    );
  });
});
