import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { fixtureNode } from '../../test/fixtures/cluster.js';
import { fixtureStepContext } from '../../test/fixtures/stepContext.js';
import {
  scriptMachine,
  type ScriptMachine,
  type ScriptResult,
} from '../../test/fixtures/stepScript.js';
import type { StepModule } from './types.js';
import {
  etcdSnapshotStep,
  kubeadmUpgradeStep,
  kubeletRestartStep,
  uncordonStep,
  upgradeDrainStep,
} from './upgrade.js';

let machine: ScriptMachine;
beforeEach(async () => {
  machine = await scriptMachine();
});
afterEach(() => machine.remove());

const nodes = [fixtureNode(1, { roles: ['ControlPlane', 'Worker'] }), fixtureNode(2)];
const config = { kubernetesVersion: 'v1.35.4' };
const run = (module: StepModule, node = 'm1', subject?: string): Promise<ScriptResult> =>
  machine.run(
    module,
    fixtureStepContext({ nodes, config, node, ...(subject === undefined ? {} : { subject }) }),
    ['/etc/kubernetes'],
  );

/** Cases of what curl hears from an etcd of so many members, of which these are dead. */
function etcdAnswers(count: number, dead: number[] = []): string {
  const numbers = Array.from({ length: count }, (_, index) => index + 1);
  const members = numbers.map((n) => ({
    ...{ ID: String(n), name: `m${String(n)}`, peerURLs: [`https://10.0.0.${String(n)}:2380`] },
    clientURLs: [`https://10.0.0.${String(n)}:2379`],
  }));
  return [
    `*member/list*) echo '${JSON.stringify({ header: { member_id: '1' }, members })}' ;;`,
    ...dead.map((n) => `*10.0.0.${String(n)}:2379/health) exit 7 ;;`),
    `*health) echo '{"health":"true"}' ;;`,
  ].join('\n');
}

/** What a kubelet takes for a static pod passes in it. */
const LONG = { timeout: 60_000 };

describe('kubeadm-upgrade', () => {
  const pods = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'];

  const etcd = (count: number, dead: number[] = []): Promise<void> =>
    machine.program('curl', `case "$*" in ${etcdAnswers(count, dead)} esac`);

  /** A cluster of this version, whose kubeadm does what it says. */
  async function cluster(version: string): Promise<void> {
    await machine.put('version', version);
    await machine.put('watches', '5');
    await etcd(1);
    await machine.put('state/owner', 'claimed');
    await machine.program(
      'kubectl',
      `case "$*" in
        *readyz*) printf ok ;;
        *kubeadm-config*) printf 'kind: ClusterConfiguration\\nkubernetesVersion: %s\\n' "$(<"$D/version")" ;;
        *rollout*) echo "$*" >>"$D/waited" ;;
        *metrics*)
          printf 'apiserver_longrunning_requests{resource="pods",scope="cluster",verb="WATCH"} 9\\n'
          printf 'apiserver_longrunning_requests{resource="endpointslices",verb="WATCH"} %s\\n' "$(<"$D/watches")"
          echo watches >>"$D/waited"
          [[ ! -s $D/back ]] || { cat "$D/back" >"$D/watches"; rm "$D/back"; } ;;
      esac`,
    );
    await machine.program(
      'kubeadm',
      `echo "$*" >>"$D/asked"
      [[ ! -e $D/fails ]] || exit 1
      # Its API server has just been started: who watches has yet to notice, and one look later they are back.
      echo 2 >"$D/watches"
      echo 5 >"$D/back"
      mkdir -p "$D/etc/kubernetes/manifests"
      for pod in ${pods.join(' ')}; do
        echo "    image: registry.k8s.io/$pod:v1.35.4" >"$D/etc/kubernetes/manifests/$pod.yaml"
      done`,
    );
  }

  it('takes the cluster to the version where it is older, once', async () => {
    await cluster('v1.34.4');
    expect((await run(kubeadmUpgradeStep)).outcome).toBe('done');
    expect(await machine.said('asked')).toBe('upgrade apply v1.35.4 --yes');
    expect((await run(kubeadmUpgradeStep)).outcome).toBe('skipped');
    expect(await machine.said('asked')).toBe('upgrade apply v1.35.4 --yes');
  });

  it('takes a node along where the cluster is there already, and a worker anyhow', async () => {
    await cluster('v1.35.4');
    expect((await run(kubeadmUpgradeStep)).outcome).toBe('done');
    expect(await machine.said('asked')).toBe('upgrade node');
    await machine.put('etc/kubernetes/plinth-upgraded', 'v1.34.4');
    expect((await run(kubeadmUpgradeStep, 'm2')).outcome).toBe('done');
    expect(await machine.said('asked')).toBe('upgrade node\nupgrade node');
  });

  it('ends when those who forward to services watch again: then it is safe to drain', async () => {
    await cluster('v1.34.4');
    expect((await run(kubeadmUpgradeStep)).outcome).toBe('done');
    expect((await machine.said('waited'))?.split('\n')).toEqual([
      'watches',
      expect.stringContaining('rollout status daemonset/kube-proxy'),
      ...['watches', 'watches'],
    ]);
    expect(await machine.said('state/service-watches')).toBeUndefined();
  });

  it('remembers how many watched when an attempt is cut off in the middle', async () => {
    await cluster('v1.34.4');
    await machine.put('fails', '');
    await run(kubeadmUpgradeStep);
    expect(await machine.said('state/service-watches')).toBe('5');
    await rm(join(machine.dir, 'fails'));
    await machine.put('watches', '1');
    expect((await run(kubeadmUpgradeStep)).outcome).toBe('done');
    expect((await machine.said('waited'))?.match(/watches/g)).toHaveLength(3);
  });

  /** Whether in a program of the machine something comes to be true; what waits must not outlive a test that has failed. */
  const soon = (condition: string): string =>
    `for ((tries = 0; tries < 300; tries++)); do ! { ${condition}; } || break; sleep 0.1; done`;

  /** A control plane whose etcd is a process, under a kubeadm that does this first. */
  async function staticPods(kubeadm: string): Promise<() => void> {
    await cluster('v1.34.4');
    const etcdProcess = spawn('sleep', ['60'], { stdio: 'ignore' });
    await machine.put('etcd', `e1 ${String(etcdProcess.pid)} RUNNING\n`);
    await machine.put('mirror', 'old');
    await machine.put('etc/kubernetes/manifests/etcd.yaml', 'old');
    await machine.program(
      'ctr',
      `case "$*" in
        *containers*==etcd-m1,*) printf 'e1\ne2\n' ;;
        *containers*==kube-apiserver-m1,*) echo a1 ;;
        *'tasks ls') cat "$D/etcd"; echo 'a1 1 RUNNING' ;;
        *'tasks kill'*) echo "$*" >>"$D/kills" ;;
      esac`,
    );
    const first = {
      kubeadm,
      curl: '[[ -s $D/etcd || $* != *:2379/health ]] || exit 7',
      kubectl: `case "$*" in
          *config*hash*) echo >>"$D/looks"; cat "$D/mirror" ;;
          *'delete pod etcd-m1'*) echo new >"$D/mirror" ;;
        esac`,
    };
    for (const [name, text] of Object.entries(first)) {
      const rest = (await machine.said(`bin/${name}`)) ?? '';
      await machine.program(name, `${text}\n${rest}`);
    }
    return () => void etcdProcess.kill();
  }
  const etcdEnds = `${soon('[[ -e $D/looks ]]')}
    read -r _ pid _ <"$D/etcd"; : >"$D/etcd"; kill "$pid"`;
  const etcdIsReplaced = `echo new >"$D/etc/kubernetes/manifests/etcd.yaml"; ${etcdEnds}`;
  const etcdStarts = `echo 'e2 1 RUNNING' >"$D/etcd"`;

  it(
    'ends an API server for which the kubelet waits, and has the mirror of the old etcd go',
    LONG,
    async () => {
      const end = await staticPods(
        `${etcdIsReplaced}
      ${soon('[[ -e $D/kills ]]')}
      ${etcdStarts}
      ${soon('[[ $(<"$D/mirror") == new ]]')}`,
      );
      try {
        const result = await run(kubeadmUpgradeStep);
        expect(result.outcome).toBe('done');
        expect(result.output).toContain('the kubelet waits for the API server');
        expect(result.output).not.toContain('Terminated');
        expect(await machine.said('kills')).toBe('-n k8s.io tasks kill -s KILL a1');
        expect(await machine.said('mirror')).toBe('new');
      } finally {
        end();
      }
    },
  );

  it.each([
    ['the kubelet starts the new etcd by itself', etcdIsReplaced, 'new'],
    ['etcd ends by itself and comes back', etcdEnds, 'old'],
  ])('leaves the API server alone where %s', LONG, async (_title, happens, mirror) => {
    const end = await staticPods(`${happens}
      sleep 1
      ${etcdStarts}
      echo ${mirror} >"$D/mirror"
      sleep 11`);
    try {
      expect((await run(kubeadmUpgradeStep)).outcome).toBe('done');
      expect(await machine.said('kills')).toBeUndefined();
      expect(await machine.said('mirror')).toBe(mirror);
    } finally {
      end();
    }
  });

  it.each([
    ['done', ''],
    ['failed', 'touch "$D/fails"'],
  ])('watches etcd no more once kubeadm is %s', LONG, async (outcome, last) => {
    const end = await staticPods(
      `${soon('[[ -e $D/looks ]]')}
      echo new >"$D/etc/kubernetes/manifests/etcd.yaml"
      ${last}`,
    );
    expect(await run(kubeadmUpgradeStep)).toMatchObject({ outcome });
    expect(await machine.said('looks')).toBeDefined();
    end();
    await machine.put('etcd', '');
    await delay(11_000);
    expect(await machine.said('kills')).toBeUndefined();
  });

  it('is done again when its mark is there and a static pod is still the old one', async () => {
    await cluster('v1.35.4');
    await machine.put('etc/kubernetes/plinth-upgraded', 'v1.35.4');
    await machine.put(
      'etc/kubernetes/manifests/kube-apiserver.yaml',
      'image: x/kube-apiserver:v1.34.4',
    );
    expect((await run(kubeadmUpgradeStep)).outcome).toBe('done');
  });

  it('fails with what to do, and is not taken as done', async () => {
    await cluster('v1.34.4');
    await machine.put('fails', '');
    const failed = await run(kubeadmUpgradeStep);
    expect(failed).toMatchObject({ outcome: 'failed', failCode: 'StepFailed' });
    expect(failed.hint).toContain('retry');
    expect(await machine.said('etc/kubernetes/plinth-upgraded')).toBeUndefined();
  });

  it('is not begun while the other members of etcd could not agree without this one', async () => {
    await cluster('v1.34.4');
    await etcd(3, [3]);
    await machine.program('sleep', 'exit 0');
    const result = await run(kubeadmUpgradeStep);
    expect(result).toMatchObject({ outcome: 'failed', failCode: 'QuorumRisk' });
    expect(result.output).toContain('while m1 restarts only 1 of the 3 etcd members answer');
    expect(await machine.said('asked')).toBeUndefined();
  });
});

describe('kubelet-restart', () => {
  const pods = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler'];

  const answers = (members = 1, dead: number[] = []): Promise<void> =>
    machine.program(
      'curl',
      `case "$*" in *healthz*) printf ok ;; ${etcdAnswers(members, dead)} esac`,
    );

  /** A kubelet that is the new one once it has been restarted, over static pods that the old one had named. */
  async function controlPlane(): Promise<void> {
    await machine.put('state/owner', 'claimed');
    await machine.put('version', 'v1.34.4');
    await machine.put('named', 'old');
    await machine.put('runs', 'old');
    const items = pods.map(
      (pod) => `{"metadata":{"name":"${pod}-m1","namespace":"kube-system","uid":"NAMED-${pod}"}}`,
    );
    await machine.put('pods', `{"items":[${items.join(',')}]}`);
    await machine.program(
      'systemctl',
      `
      [[ $1 != show ]] || echo 1
      [[ $1 != restart ]] || { echo v1.35.4 >"$D/version"; echo new >"$D/named"; echo "$*" >>"$D/restarted"; }`,
    );
    await answers();
    await machine.program(
      'kubectl',
      `case "$*" in
        *kubeletVersion*) cat "$D/version" ;;
        *proxy/pods*) sed "s/NAMED/$(<"$D/named")/g" "$D/pods" ;;
        *'--server'*readyz*) echo asked >>"$D/ready"; printf ok ;;
        *readyz*) printf ok ;;
      esac`,
    );
    await machine.program(
      'ctr',
      `case "$*" in
        *containers*"==$(<"$D/runs")-etcd,"*) [[ -e $D/no-etcd ]] || echo id-1 ;;
        *containers*"==$(<"$D/runs")-"*) echo id-1 ;;
        *tasks*) echo 'id-1 42 RUNNING' ;;
      esac`,
    );
    // Each look later something more has come.
    await machine.program(
      'sleep',
      'echo >>"$D/slept"; [[ $(wc -l <"$D/slept") -lt 3 ]] || cat "$D/named" >"$D/runs"',
    );
  }

  it('ends when the static pods run as the new kubelet names them, and answer', async () => {
    await controlPlane();
    const result = await run(kubeletRestartStep);
    expect(result.outcome).toBe('done');
    expect(result.output).toContain('waiting for etcd to run as the new kubelet wants it');
    expect(await machine.said('runs')).toBe('new');
    expect(await machine.said('ready')).toBe('asked');
    expect(await machine.said('restarted')).toBe('restart kubelet.service');
  });

  it('says which of them does not come', async () => {
    await controlPlane();
    await machine.put('no-etcd', '');
    const module = { ...kubeletRestartStep };
    module.params = (context) => ({ ...kubeletRestartStep.params(context), FOLLOW_SECONDS: '1' });
    const result = await run(module);
    expect(result).toMatchObject({ outcome: 'failed', failCode: 'StepFailed' });
    expect(result.output).toContain('etcd does not run as the new kubelet wants it after 1 s');
    expect(result.hint).toContain('kube-system_etcd-');
  });

  it('starts one that hangs anew at once, whatever it has ended before', async () => {
    await controlPlane();
    // Until the kubelet has been restarted neither it nor etcd nor the API server answers.
    await machine.program(
      'curl',
      `[[ -e $D/restarted ]] || exit 7
      case "$*" in *healthz*) printf ok ;; ${etcdAnswers(1)} esac`,
    );
    await machine.program(
      'kubectl',
      `[[ -e $D/restarted ]] || exit 1
      case "$*" in
        *kubeletVersion*) cat "$D/version" ;;
        *proxy/pods*) sed "s/NAMED/$(<"$D/named")/g" "$D/pods" ;;
        *readyz*) printf ok ;;
      esac`,
    );
    expect((await run(kubeletRestartStep)).outcome).toBe('done');
    expect(await machine.said('restarted')).toBe('restart kubelet.service');
  });

  it('has nothing to wait for on a worker', async () => {
    await controlPlane();
    await machine.put('no-etcd', '');
    expect((await run(kubeletRestartStep, 'm2')).outcome).toBe('done');
    expect(await machine.said('ready')).toBeUndefined();
  });

  it('is not begun while the other members of etcd could not agree without this one', async () => {
    await controlPlane();
    await answers(3, [3]);
    expect(await run(kubeletRestartStep)).toMatchObject({
      outcome: 'failed',
      failCode: 'QuorumRisk',
    });
    expect(await machine.said('restarted')).toBeUndefined();
  });
});

describe('upgrade-drain and uncordon', () => {
  async function node(unschedulable: boolean): Promise<void> {
    await machine.put('unschedulable', String(unschedulable));
    await machine.program(
      'kubectl',
      `case "$*" in
        *plinth*cordoned-*) rm -f "$D/ours" ;;
        *plinth.io/cordoned=true*) echo true >"$D/ours" ;;
        *unschedulable*) cat "$D/unschedulable" ;;
        *annotations*) [[ ! -e $D/ours ]] || printf true ;;
        drain*) echo drained >"$D/drained"; printf true >"$D/unschedulable" ;;
        uncordon*) printf false >"$D/unschedulable" ;;
        *conditions*) printf True ;;
        *'create -f'*) cat >>"$D/probed"; printf uid-1 ;;
        *endpointslices*) [[ -e $D/away ]] || printf uid-1 ;;
        *'delete service'*) echo deleted >>"$D/probed" ;;
        *'get node'*) echo node/m2 ;;
      esac`,
    );
  }

  it('cordon, and take back the cordon', async () => {
    await node(false);
    expect((await run(upgradeDrainStep, 'm1', 'm2')).outcome).toBe('done');
    expect(await machine.said('unschedulable')).toBe('true');
    // A second time: the first was cut off after its cordon.
    expect((await run(upgradeDrainStep, 'm1', 'm2')).outcome).toBe('done');
    expect((await run(uncordonStep, 'm1', 'm2')).outcome).toBe('done');
    expect(await machine.said('unschedulable')).toBe('false');
    expect((await run(uncordonStep, 'm1', 'm2')).outcome).toBe('skipped');
  });

  it('wait for controllers that keep up: what is evicted must leave its services', async () => {
    await node(false);
    await machine.put('away', '');
    await machine.program('sleep', 'rm -f "$D/away"');
    expect((await run(upgradeDrainStep, 'm1', 'm2')).outcome).toBe('done');
    expect(await machine.said('probed')).toMatch(/clusterIP: None[^]*deleted$/);
  });

  it('do not drain while the controllers are away, and say so', async () => {
    await node(false);
    await machine.put('away', '');
    const module = { ...upgradeDrainStep };
    module.params = (context) => ({ ...upgradeDrainStep.params(context), ENDPOINTS_SECONDS: '1' });
    const result = await run(module, 'm1', 'm2');
    expect(result).toMatchObject({ outcome: 'failed', failCode: 'StepFailed' });
    expect(result.output).toContain("the cluster's controllers do not keep up");
    expect(await machine.said('drained')).toBeUndefined();
    expect(await machine.said('probed')).toMatch(/deleted$/);
  });

  it('leave a node cordoned that a person had cordoned', async () => {
    await node(true);
    expect((await run(upgradeDrainStep, 'm1', 'm2')).outcome).toBe('done');
    expect((await run(uncordonStep, 'm1', 'm2')).outcome).toBe('skipped');
    expect(await machine.said('unschedulable')).toBe('true');
  });

  it('may be about the machine that they run on: the only control plane', async () => {
    await node(false);
    expect((await run(upgradeDrainStep, 'm1', 'm1')).outcome).toBe('done');
  });
});

describe('etcd-snapshot', () => {
  const data = Buffer.alloc(100_000, 'etcd');
  const whole = Buffer.concat([data, createHash('sha256').update(data).digest()]);

  async function etcd(snapshot: Buffer): Promise<void> {
    const pieces = [snapshot.subarray(0, 40_001), snapshot.subarray(40_001)];
    const lines = pieces.map((piece) =>
      JSON.stringify({ result: { blob: piece.toString('base64') } }),
    );
    await machine.put('answer', `${lines.join('\n')}\n`);
    await machine.program('curl', 'echo once >>"$D/asked"; cat "$D/answer"');
  }
  const file = 'state/etcd-snapshots/before-v1.35.4.db';

  it('is put together from its pieces, and taken once', async () => {
    await etcd(whole);
    expect((await run(etcdSnapshotStep)).outcome).toBe('done');
    expect(await machine.said(file)).toBe(whole.toString('utf8').trim());
    expect((await run(etcdSnapshotStep)).outcome).toBe('skipped');
    expect(await machine.said('asked')).toBe('once');
  });

  it('is refused when it is not whole', async () => {
    await etcd(whole.subarray(0, 50_000));
    expect((await run(etcdSnapshotStep)).outcome).toBe('failed');
    expect(await machine.said(file)).toBeUndefined();
  });

  it('does not fill the disk: older ones go', async () => {
    await etcd(whole);
    for (const old of ['a', 'b', 'c', 'd'])
      await machine.put(`state/etcd-snapshots/${old}.db`, old);
    expect((await run(etcdSnapshotStep)).outcome).toBe('done');
    const left = ['a', 'b', 'c', 'd'].map((old) => machine.said(`state/etcd-snapshots/${old}.db`));
    expect((await Promise.all(left)).filter((text) => text !== undefined)).toHaveLength(2);
    expect(await machine.said(file)).toBeDefined();
  });
});
