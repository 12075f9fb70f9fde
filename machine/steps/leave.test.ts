import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { aMachine, aSpec } from '../../test/fixtures/facts/machine.js';
import {
  scriptMachine,
  type ScriptMachine,
  type ScriptResult,
} from '../../test/fixtures/stepScript.js';
import { drainStep } from './drain.js';
import { etcdMemberCheckStep } from './etcd-member-check.js';
import { etcdMemberRemoveStep } from './etcd-member-remove.js';
import { nodeDeleteStep } from './node-delete.js';
import { timeoutOf } from './registry.js';
import type { StepContext, StepModule } from './types.js';
import { upgradeDrainStep } from './upgrade.js';

let machine: ScriptMachine;

beforeEach(async () => {
  machine = await scriptMachine();
});
afterEach(() => machine.remove());

/** Runs a step that is about n3 through n1's machine. */
const run = (module: StepModule): Promise<ScriptResult> => machine.run(module, context('n3'));

function context(subject: string, through = 'n1'): StepContext {
  const nodes = [1, 2, 3].map((n) => aMachine(n).node);
  const named = (name: string) =>
    nodes.find(({ hostname }) => hostname === name) ?? aMachine(9).node;
  return {
    cluster: { id: 'c', name: 'c', project: 'p', generation: 1 },
    spec: aSpec(nodes),
    node: named(through),
    subject: named(subject),
    controlPlanes: nodes,
    catalog: { source: 'online', artifacts: [] },
  };
}

/** One member as etcd's HTTP API lists it. */
function member(n: number, { state = 'started', learner = false } = {}): string {
  const address = `10.0.0.${String(n)}`;
  return JSON.stringify({
    ID: `id${String(n)}`,
    ...(state === 'started' ? { name: `n${String(n)}` } : {}),
    peerURLs: [`https://${address}:2380`],
    ...(state === 'started' ? { clientURLs: [`https://${address}:2379`] } : {}),
    ...(learner ? { isLearner: true } : {}),
  });
}

async function etcd(members: string[], dead: number[] = []): Promise<void> {
  await machine.put('members', `${members.join('\n')}\n`);
  await machine.put('dead', dead.map((n) => `https://10.0.0.${String(n)}:2379\n`).join(''));
  await machine.program(
    'curl',
    `case "$*" in
      *member/list) [[ -e $D/asked ]] || { touch "$D/asked"; exit 7; }
        printf '{"header":{"member_id":"1"},"members":[%s]}' "$(paste -sd , "$D/members")" ;;
      *health) ! grep -qxF "$(sed 's,/health$,,' <<<"\${*: -1}")" "$D/dead" || exit 7; echo '{"health":"true"}' ;;
      *member/remove) id=$(sed 's/.*"ID":"\\([^"]*\\)".*/\\1/' <<<"$*"); grep -v "\\"$id\\"" "$D/members" >"$D/left"
        mv "$D/left" "$D/members"; echo "$id" >"$D/removed" ;;
    esac`,
  );
}

describe('etcd-member-remove', () => {
  it.each<[string, string[], number[]]>([
    ['three healthy members', [member(1), member(2), member(3)], []],
    ['three, of which it is the dead one', [member(1), member(2), member(3)], [3]],
    ['two healthy members', [member(1), member(3)], []],
    ['itself as a learner', [member(1), member(2), member(3, { learner: true })], []],
    [
      'itself as a learner beside a dead member',
      [member(1), member(2), member(3, { learner: true })],
      [2],
    ],
    [
      'itself added and never started',
      [member(1), member(3, { state: 'unstarted', learner: true })],
      [],
    ],
    [
      'five, of which one that stays is dead',
      [member(1), member(2), member(3), member(4), member(5)],
      [2],
    ],
  ])('takes the member out of %s', async (_title, members, dead) => {
    await etcd(members, dead);

    expect(await run(etcdMemberRemoveStep)).toMatchObject({ outcome: 'done' });
    expect(await machine.said('removed')).toBe('id3');
    expect(await machine.said('run/results/members')).toBe(String(members.length - 1));
  });

  it.each<[string, string[], number[], string]>([
    ['it is the only member', [member(3)], [], 'the only etcd member'],
    ['one of the two that stay is dead', [member(1), member(2), member(3)], [2], 'only 1 of the 2'],
    ['the one that stays is dead', [member(1), member(3)], [1], 'only 0 of the 1'],
    [
      'another member is still joining',
      [member(1), member(2, { learner: true }), member(3)],
      [],
      'still joining: n2',
    ],
  ])('refuses where %s', async (_title, members, dead, message) => {
    await etcd(members, dead);
    const result = await run(etcdMemberRemoveStep);

    expect(result).toMatchObject({ outcome: 'failed', failCode: 'QuorumRisk' });
    expect(result.output).toContain(message);
    expect(result.hint).not.toBe('');
    expect(await machine.said('removed')).toBeUndefined();
  });

  it('refuses where etcd could not agree on it', async () => {
    await etcd([member(1), member(3)], [3]);

    expect(await run(etcdMemberRemoveStep)).toMatchObject({ failCode: 'QuorumRisk' });
    expect(await machine.said('removed')).toBeUndefined();
  });

  it('has nothing to do where the node has no member', async () => {
    await etcd([member(1), member(2)]);

    expect(await run(etcdMemberRemoveStep)).toMatchObject({ outcome: 'skipped' });
  });

  it('says so when etcd does not run here', async () => {
    await machine.program('curl', 'exit 7');
    await machine.program('sleep', 'exit 0');

    expect(await run(etcdMemberRemoveStep)).toMatchObject({
      outcome: 'failed',
      failCode: 'QuorumRisk',
    });
    expect(await machine.said('run/results/elsewhere')).toBe('etcd');
  });
});

describe('etcd-member-check', () => {
  const check = (...leaving: string[]): Promise<ScriptResult> => {
    const known = [1, 2, 3, 4, 5].map((n) => aMachine(n).node);
    return machine.run(etcdMemberCheckStep, {
      ...context('n3', 'n1'),
      leaving: known.filter(({ hostname }) => leaving.includes(hostname)),
    });
  };

  it('gives the order in which nodes may leave: first what has no member, then what does not answer', async () => {
    await etcd([member(1), member(2), member(3), member(4)], [3]);

    expect(await check('n2', 'n3', 'n5')).toMatchObject({ outcome: 'done' });
    expect(await machine.said('run/results/order')).toBe('n5\nn3\nn2');
  });

  it('knows a member that never started by its address', async () => {
    await etcd([member(1), member(2), member(3, { state: 'unstarted', learner: true })]);

    expect(await check('n2', 'n3')).toMatchObject({ outcome: 'done' });
    expect(await machine.said('run/results/order')).toBe('n3\nn2');
  });

  it('refuses the whole where one could not go, says who has to come back, and takes nobody out', async () => {
    await etcd([member(1), member(2), member(3)], [2]);
    const result = await check('n3');

    expect(result).toMatchObject({ outcome: 'failed', failCode: 'QuorumRisk' });
    expect(result.output).toContain(
      'without n3 only 1 of the 2 etcd members that stay answer, and 2 must: n2 does not; nothing was changed',
    );
    expect(result.hint).toContain('Bring the control planes back');
    expect(await machine.said('removed')).toBeUndefined();
  });

  it('never runs on one that leaves', () => {
    const leaving = [aMachine(1).node];
    expect(() => etcdMemberCheckStep.params({ ...context('n3', 'n1'), leaving })).toThrow();
  });
});

/** kubectl with a node n3 that is there or not, and a drain that says and ends as given. */
async function kubectl(node: 'Ready' | 'NotReady' | 'gone', drain = { text: '', code: 0 }) {
  await machine.put('drain', drain.text);
  if (node !== 'gone') await machine.put('node', '');
  await machine.program(
    'kubectl',
    `echo "$*" >>"$D/calls"
     case "$*" in
      *'get node n3 --ignore-not-found'*) [[ ! -e $D/node ]] || echo node/n3 ;;
      *'get node n3 -o jsonpath'*) printf '${node === 'Ready' ? 'True' : 'Unknown'}' ;;
      *'create -f'*) cat >/dev/null; printf uid-1 ;;
      *endpointslices*) printf uid-1 ;;
      *'drain n3'*) cat "$D/drain"; exit ${String(drain.code)} ;;
      *'describe pdb -n shop '*) cat "$D/budgets" 2>/dev/null || exit 1 ;;
      *'get pods -n shop -l app=web,tier in (a,b) --field-selector spec.nodeName=n3'*) printf 'shop/web-1\nshop/web-2\n' ;;
      *'get pods -n shop -l app=other '*) printf 'shop/other-1\n' ;;
      *'get volumeattachments'*'spec.nodeName=="n3"'*) cat "$D/attached" 2>/dev/null || [[ ! -e $D/mute ]] ;;
      *'get pods -A --field-selector spec.nodeName=n3'*) cat "$D/claims" 2>/dev/null || : ;;
      *'get pv pv-'*) printf 'shop/claim-%s' "$(sed 's/.*get pv pv-\\([^ ]*\\).*/\\1/' <<<"$*")" ;;
      *'delete node n3'*) rm "$D/node" ;;
    esac`,
  );
}

describe('drain', () => {
  it('cordons and evicts, and leaves pods of daemon sets alone', async () => {
    await kubectl('Ready');

    expect(await run(drainStep)).toMatchObject({ outcome: 'done' });
    const calls = await machine.said('calls');
    // Cordoned by us: taken back should the node stay after all.
    expect(calls).toMatch(/annotate node n3 --overwrite plinth.io\/cordoned=true\n[^]*drain n3/);
    expect(calls).toMatch(/drain n3 --ignore-daemonsets --delete-emptydir-data --timeout=600s$/m);
    expect(calls).not.toContain('--force');
    expect(calls).not.toContain('--disable-eviction');
  });

  it('honours budgets for as long as it is told, and is given that time', async () => {
    await kubectl('Ready');
    const patient: StepContext = { ...context('n3'), drainSeconds: 5400 };

    expect(await machine.run(drainStep, patient)).toMatchObject({ outcome: 'done' });
    expect(await machine.said('calls')).toMatch(/drain n3 .*--timeout=5400s$/m);
    for (const module of [drainStep, upgradeDrainStep]) {
      expect(module.params(patient)['DRAIN_SECONDS']).toBe('5400');
      expect(timeoutOf(module, patient) - timeoutOf(module, context('n3'))).toBe(4800);
      expect(timeoutOf(module, patient)).toBeGreaterThan(5400);
    }
  });

  it('does not wait for a kubelet that is gone', async () => {
    await kubectl('NotReady');

    expect(await run(drainStep)).toMatchObject({ outcome: 'done' });
    expect(await machine.said('calls')).toContain('--skip-wait-for-delete-timeout=1');
  });

  it('has nothing to do where the node is gone', async () => {
    await kubectl('gone');

    expect(await run(drainStep)).toMatchObject({ outcome: 'skipped' });
  });

  const held = `evicting pod shop/web-1
error when evicting pods/"web-1" -n "shop" (will retry after 5s): Cannot evict pod as it would violate the pod's disruption budget.
evicting pod shop/web-1
error when evicting pods/"web-1" -n "shop" (will retry after 5s): Cannot evict pod as it would violate the pod's disruption budget.
There are pending pods in node "n3" when an error occurred: error when evicting pods/"web-1" -n "shop": global timeout reached: 10m0s
`;

  it('names the pod that is kept and the disruption budget that it is under', async () => {
    // As kubectl describes them.
    await machine.put(
      'budgets',
      ['app=other', 'app=web,tier in (a,b)', '<unset>']
        .map((selector, n) =>
          [`Name:             budget-${String(n)}`, 'Namespace:        shop'].concat(
            ...['Max unavailable:  0', `Selector:         ${selector}`, 'Status:'],
            ...['    Allowed disruptions:  0', '    Current:              1', ''],
          ),
        )
        .flat()
        .join('\n'),
    );
    await kubectl('Ready', { text: held, code: 1 });
    const result = await run(drainStep);

    expect(result).toMatchObject({ outcome: 'failed', failCode: 'StepFailed' });
    expect(result.output).toContain(
      'a disruption budget keeps shop/web-1 (budget shop/budget-1)\n',
    );
    expect(await machine.said('run/results/blocking')).toBe('shop/web-1');
    expect(result.hint).toContain('kubectl get pdb -A');
  });

  it('names the pod alone where the API server does not tell of budgets', async () => {
    await kubectl('Ready', { text: held, code: 1 });
    const result = await run(drainStep);

    expect(result).toMatchObject({ outcome: 'failed', failCode: 'StepFailed' });
    expect(result.output).toContain('a disruption budget keeps shop/web-1\n');
  });

  it('names the pods that no controller would start again', async () => {
    const text = `error: unable to drain node "n3" due to error: cannot delete cannot delete Pods that declare no controller (use --force to override): default/alone, default/naked, continuing command...
There are pending nodes to be drained:
 n3
cannot delete cannot delete Pods that declare no controller (use --force to override): default/alone, default/naked
`;
    await kubectl('Ready', { text, code: 1 });
    const result = await run(drainStep);

    expect(result).toMatchObject({ outcome: 'failed' });
    expect(result.output).toContain('default/alone, default/naked');
    expect(await machine.said('run/results/blocking')).toBe('default/alone, default/naked');
  });

  /** Time passes by itself: a `sleep` does what is given and is over at once. */
  const whileItSleeps = (text: string) => machine.program('sleep', text);

  it('waits until the volumes of the pods are detached', async () => {
    await kubectl('Ready');
    await machine.put('attached', 'pv-1\npv-2\n');
    await whileItSleeps('echo x >>"$D/slept"; sed -i 1d "$D/attached"');
    const result = await run(drainStep);

    expect(result).toMatchObject({ outcome: 'done' });
    expect(await machine.said('slept')).toBe('x\nx');
    expect(result.output).toContain('waiting for volumes to be detached: pv-1 pv-2\n');
    expect(result.output).toContain('waiting for volumes to be detached: pv-2\n');
  });

  it('does not wait for volumes of pods that stay, nor for those of a kubelet that is gone', async () => {
    await whileItSleeps('echo x >>"$D/slept"; rm "$D/attached"');
    await machine.put('attached', 'pv-1\npv-2\n');
    await machine.put('claims', 'kube-system|dns||\nshop|agent|claim-2|\nshop|claim|other|1\n');
    await kubectl('Ready');
    expect(await run(drainStep)).toMatchObject({ outcome: 'done' });

    await machine.put('claims', '');
    await kubectl('NotReady');
    expect(await run(drainStep)).toMatchObject({ outcome: 'done' });
    expect(await machine.said('slept')).toBeUndefined();
  });

  it('names the volumes that stay attached when their time is up', async () => {
    await kubectl('Ready');
    await machine.put('attached', 'pv-1\npv-2\n');
    await machine.put('claims', 'shop|agent|claim-1|\n');
    const result = await machine.run(
      {
        ...drainStep,
        params: (of) => ({ ...drainStep.params(of), VOLUMES_SECONDS: '0' }),
      },
      context('n3'),
    );

    expect(result).toMatchObject({ outcome: 'failed', failCode: 'StepFailed' });
    expect(result.output).toContain(
      'volumes are attached to the node n3 0 s after it was drained: pv-2',
    );
    expect(await machine.said('run/results/blocking')).toBe('pv-2');
    expect(result.hint).toContain('kubectl get volumeattachments');
  });

  it('says so when the API server does not tell of volumes', async () => {
    await kubectl('Ready');
    await whileItSleeps('exit 0');
    await machine.put('mute', '');

    expect(await run(drainStep)).toMatchObject({ outcome: 'failed', failCode: 'StepFailed' });
  });

  it('says so when the API server does not answer', async () => {
    await machine.program('kubectl', 'exit 1');

    expect(await run(drainStep)).toMatchObject({ outcome: 'failed', failCode: 'StepFailed' });
  });
});

describe('node-delete', () => {
  it('deletes the object and sees that it is gone', async () => {
    await kubectl('NotReady');

    expect(await run(nodeDeleteStep)).toMatchObject({ outcome: 'done' });
  });

  it('has nothing to do where the node is gone', async () => {
    await kubectl('gone');

    expect(await run(nodeDeleteStep)).toMatchObject({ outcome: 'skipped' });
  });

  it('refuses to run on the machine of the node itself', () => {
    expect(() => nodeDeleteStep.params(context('n1', 'n1'))).toThrow('another control plane');
  });
});
