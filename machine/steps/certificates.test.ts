import { execFileSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { fixtureNode } from '../../test/fixtures/cluster.js';
import { fixtureStepContext } from '../../test/fixtures/stepContext.js';
import {
  scriptMachine,
  type ScriptMachine,
  type ScriptResult,
} from '../../test/fixtures/stepScript.js';
import {
  certificatesRenewStep,
  certificatesVerifyStep,
  kubeletCertificatesStep,
  staticPodsRestartStep,
} from './certificates.js';
import { nodeReadyStep } from './node-ready.js';
import type { StepModule } from './types.js';

let machine: ScriptMachine;
beforeEach(async () => {
  machine = await scriptMachine();
});
afterEach(() => machine.remove());

const nodes = [1, 2, 3].map((n) => fixtureNode(n, { roles: ['ControlPlane', 'Worker'] }));
const run = (module: StepModule): Promise<ScriptResult> =>
  machine.run(module, fixtureStepContext({ nodes, node: 'm1' }), ['/etc/kubernetes']);
const { said } = { said: (file: string) => machine.said(file) };
const asked = async (file: string): Promise<string[]> =>
  ((await said(file)) ?? '').split('\n').filter((line) => line !== '');

const FILES = ['apiserver', 'apiserver-etcd-client', 'etcd/server', 'etcd/peer'];
const KUBECONFIGS = ['admin', 'controller-manager', 'scheduler'];

/** A certificate of its own, good for so many days. */
async function certificate(name: string, days: number): Promise<string> {
  const file = join(machine.dir, 'etc/kubernetes/pki', `${name}.crt`);
  await mkdir(dirname(file), { recursive: true });
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
      ...['-subj', `/CN=${name.replace('/', '-')}`, '-days', String(days), '-out', file],
      ...['-keyout', file.replace(/crt$/, 'key')],
    ],
    { stdio: 'ignore' },
  );
  return file;
}

async function kubeconfig(name: string, days: number): Promise<void> {
  const file = await certificate(`conf-${name}`, days);
  const data = execFileSync('base64', ['-w0', file]).toString();
  await machine.put(
    `etc/kubernetes/${name}.conf`,
    `users:\n- name: x\n  user:\n    client-certificate-data: ${data}\n`,
  );
}

/** A control plane whose certificates are good for so many days. */
async function controlPlane(days = 40): Promise<void> {
  for (const name of FILES) await certificate(name, days);
  for (const name of KUBECONFIGS) await kubeconfig(name, days);
}

/** containerd's client; `onKill` is done first. */
const ctr = (onKill: string): string => `case "$*" in
  *'containers ls'*)
    name="\${*: -1}"; name=\${name#*==}; name=\${name%%-m1,*}
    [[ $* == *'"io.cri-containerd.kind"==container'* ]] && echo "an-old-exited-one"; cat "$D/containers/$name" ;;
  *'tasks ls'*)
    echo 'TASK PID STATUS'
    echo 'an-old-exited-one 7 STOPPED'
    for each in "$D"/containers/*; do echo "$(<"$each") 8 RUNNING"; done ;;
  *'tasks kill'*)
    ${onKill}
    for each in "$D"/containers/*; do
      [[ $(<"$each") != "\${*: -1}" ]] || echo "\${each##*/}-new" >"$each"
    done ;;
esac`;
const CTR = ctr('echo "kill ${*: -1}" >>"$D/order"');
/** An API server that waits for its watches is ended by KILL alone. */
const CTR_STUBBORN = ctr(
  `echo "$6 $7" >>"$D/order"; [[ "$6 $7" != 'TERM kube-apiserver-old' ]] || exit 0`,
);

/** The parts that run: containers by name, which the kubelet starts again under another id when they end. */
async function containerd(): Promise<void> {
  for (const part of ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler']) {
    await machine.put(`containers/${part}`, `${part}-old`);
  }
  await machine.program('ctr', CTR);
}

/** Three members of etcd, of which these do not answer, and what says how it is. */
async function answers(silent: string[] = []): Promise<void> {
  const members = [1, 2, 3].map((n) => ({
    ...{ ID: String(n), name: `m${n}`, peerURLs: [`https://10.77.0.1${n}:2380`] },
    clientURLs: [`https://10.77.0.1${n}:2379`],
  }));
  await machine.program(
    'curl',
    `case "$*" in
      *member/list*) echo '${JSON.stringify({ header: { member_id: '1' }, members })}' ;;
      ${silent.map((address) => `*${address}:2379/health) exit 7 ;;`).join('\n')}
      *:2379/health) echo "etcd" >>"$D/order"; echo '{"health":"true"}' ;;
      *:10257/healthz) echo "controllers" >>"$D/order"; printf ok ;;
      *:10259/healthz) [[ -e $D/sick ]] || printf ok; echo "scheduler" >>"$D/order" ;;
      *) exit 7 ;;
    esac`,
  );
  await machine.program('kubectl', `echo "api $*" >>"$D/kubectl"; printf ok`);
  await machine.program('sleep', 'exec /bin/sleep 0.01');
}

describe('when certificates end', () => {
  it('is told by node-ready on a control plane, the first of files and kubeconfigs', async () => {
    await machine.program('kubectl', `[[ "$*" != *nodeInfo* ]] || printf v1.34.4`);
    expect(await run(nodeReadyStep)).toMatchObject({ outcome: 'done' });
    expect(await said('run/results/certificatesExpireAt')).toBeUndefined();
    await controlPlane(20);
    expect(await run(nodeReadyStep)).toMatchObject({ outcome: 'done' });
    const at = Date.parse((await said('run/results/certificatesExpireAt')) ?? '');
    expect(Math.round((at - Date.now()) / 86_400_000)).toBe(20);
  });
});

describe('renewing', () => {
  /** It renews what `renews` names; a folder of fresh ones stands for its authorities. */
  async function kubeadm(): Promise<void> {
    await controlPlane(365);
    execFileSync('cp', ['-a', join(machine.dir, 'etc/kubernetes'), join(machine.dir, 'fresh')]);
    await controlPlane(20);
    await machine.program(
      'kubeadm',
      `echo "$*" >>"$D/kubeadm"; [[ -e $D/external ]] || cp -a "$D/fresh/." "$D/etc/kubernetes/"`,
    );
  }

  it('makes new ones, once for each renewal that is asked for', async () => {
    await kubeadm();
    await containerd();
    expect(await run(certificatesRenewStep)).toMatchObject({ outcome: 'done' });
    expect(await asked('kubeadm')).toEqual(['certs renew all']);
    expect(await said('state/renewal/kube-scheduler')).toBe('kube-scheduler-old');
    expect((await run(certificatesRenewStep)).outcome).toBe('skipped');
    await machine.put('state/renewal/id', 'an earlier one');
    await run(certificatesRenewStep);
    expect(await asked('kubeadm')).toHaveLength(2);
  });

  it('is not taken for done where the keys of the authorities are elsewhere', async () => {
    await kubeadm();
    await containerd();
    await machine.put('external', '');
    const result = await run(certificatesRenewStep);
    expect(result).toMatchObject({ outcome: 'failed' });
    expect(result.output).toContain('kubeadm has not renewed apiserver');
    expect(result.hint).toContain('ca.key');
    expect(await said('state/renewal/id')).toBeUndefined();
  });
});

describe('taking up what was renewed', () => {
  /** Everything runs with what was before; `served` is what etcd has, by its file. */
  const noted = async (): Promise<void> => {
    await controlPlane(365);
    await containerd();
    await answers();
    const pki = join(machine.dir, 'etc/kubernetes/pki');
    await machine.program(
      'openssl',
      `if [[ $1 == s_client ]]; then
        case $3 in
          127.0.0.1:2379) exec cat "$D/served" ;;
          10.77.0.11:2380) exec cat ${pki}/etcd/peer.crt ;;
        esac
      fi
      exec /usr/bin/openssl "$@"`,
    );
    execFileSync('cp', [join(pki, 'etcd/server.crt'), join(machine.dir, 'served')]);
    for (const part of ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler']) {
      await machine.put(`state/renewal/${part}`, `${part}-old\n`);
    }
    await machine.put('state/renewal/id', 'n4w7c2e');
  };
  /** An etcd that goes on with what it had read at its start. */
  const unread = async (): Promise<void> => {
    await controlPlane(366);
  };
  const kills = async (): Promise<string[]> =>
    (await asked('order')).filter((line) => line.startsWith('kill'));
  const restart = () => run(staticPodsRestartStep);
  const CONTROLLERS = ['kill kube-controller-manager-old', 'kill kube-scheduler-old'];

  it('ends the controllers while the API server answers, then that, and leaves etcd alone', async () => {
    await noted();
    expect(await restart()).toMatchObject({ outcome: 'done' });
    expect(await asked('order')).toEqual([
      'etcd',
      ...CONTROLLERS,
      ...['controllers', 'scheduler', 'kill kube-apiserver-old', 'controllers', 'scheduler'],
    ]);
    expect(await asked('kubectl')).toContainEqual(
      expect.stringContaining('--server https://10.77.0.11:6443 get --raw /readyz'),
    );
    expect((await restart()).outcome).toBe('skipped');
    expect(await kills()).toHaveLength(3);
  });

  it('starts etcd anew where it does not serve the new ones by itself', async () => {
    await noted();
    await unread();
    expect(await restart()).toMatchObject({ outcome: 'done' });
    // Before, all three members are asked.
    expect((await asked('order')).slice(0, 5)).toEqual([
      ...['etcd', 'etcd', 'etcd', 'kill etcd-old', 'etcd'],
    ]);
    expect(await kills()).toHaveLength(4);
  });

  it('touches nothing where etcd would have to start anew and lose its quorum', async () => {
    await noted();
    await unread();
    await answers(['10.77.0.13']);
    expect(await restart()).toMatchObject({ outcome: 'failed', failCode: 'QuorumRisk' });
    expect(await kills()).toEqual([]);
  });

  it('starts an API server anew first that does not answer', async () => {
    await noted();
    await machine.program(
      'kubectl',
      `[[ "$*" == *readyz* && $(<"$D/containers/kube-apiserver") == *-old ]] || printf ok`,
    );
    expect(await restart()).toMatchObject({ outcome: 'done' });
    expect(await kills()).toEqual(['kill kube-apiserver-old', ...CONTROLLERS]);
  });

  it('waits no longer for an API server that only watches keep than a request takes', async () => {
    await noted();
    await machine.program('ctr', CTR_STUBBORN);
    expect(await restart()).toMatchObject({ outcome: 'done' });
    expect((await asked('order')).filter((line) => /^(TERM|KILL)/.test(line))).toEqual([
      ...['KILL kube-controller-manager-old', 'KILL kube-scheduler-old'],
      ...['TERM kube-apiserver-old', 'KILL kube-apiserver-old'],
    ]);
  }, 60_000);

  it('goes on where an attempt was cut off: what runs anew is left alone', async () => {
    await noted();
    await machine.put('containers/kube-controller-manager', 'kube-controller-manager-new');
    expect(await restart()).toMatchObject({ outcome: 'done' });
    expect(await kills()).toEqual(['kill kube-scheduler-old', 'kill kube-apiserver-old']);
  });

  it('stops at a part that does not come up with them, and says which', async () => {
    await noted();
    await machine.put('sick', '');
    const quick: StepModule = {
      ...staticPodsRestartStep,
      params: (context) => ({ ...staticPodsRestartStep.params(context), HEALTH_SECONDS: '1' }),
    };
    const result = await run(quick);
    expect(result).toMatchObject({ outcome: 'failed' });
    expect(result.output).toContain('kube-scheduler is not healthy with its new certificates');
    expect(await kills()).toEqual(CONTROLLERS);
  });

  it('refuses where the certificates were not renewed', async () => {
    await noted();
    await machine.put('state/renewal/id', 'another');
    expect((await restart()).outcome).toBe('failed');
    expect(await kills()).toEqual([]);
  });
});

describe('asking what is served', () => {
  const served = async (): Promise<void> => {
    await controlPlane(365);
    await containerd();
    await answers();
    const pki = join(machine.dir, 'etc/kubernetes/pki');
    await machine.program(
      'openssl',
      `if [[ $1 == s_client ]]; then
        case $3 in
          10.77.0.11:6443) exec cat "$D/served/apiserver" ;;
          127.0.0.1:2379) exec cat ${pki}/etcd/server.crt ;;
          10.77.0.11:2380) exec cat ${pki}/etcd/peer.crt ;;
        esac
      fi
      exec /usr/bin/openssl "$@"`,
    );
    await mkdir(join(machine.dir, 'served'));
    execFileSync('cp', [join(pki, 'apiserver.crt'), join(machine.dir, 'served/apiserver')]);
    for (const part of ['etcd', 'kube-apiserver']) {
      await machine.put(`state/renewal/${part}`, `${part}-before`);
    }
  };

  it('is satisfied when it is what was renewed, and is accepted', async () => {
    await served();
    expect(await run(certificatesVerifyStep)).toMatchObject({ outcome: 'done' });
    expect((await asked('kubectl')).map((line) => /(\S+)\.conf/.exec(line)?.[0])).toEqual(
      KUBECONFIGS.map((name) => expect.stringContaining(`${name}.conf`) as string),
    );
  });

  it('names everything that is not', async () => {
    await served();
    await certificate('apiserver', 365);
    await machine.program(
      'kubectl',
      `[[ "$*" == *scheduler.conf* ]] && printf Unauthorized || printf ok`,
    );
    await machine.put('containers/etcd', 'etcd-before');
    await machine.put('containers/kube-apiserver', 'kube-apiserver-before');
    const result = await run(certificatesVerifyStep);
    expect(result).toMatchObject({ outcome: 'failed' });
    for (const text of [
      '10.77.0.11:6443 does not serve the renewed apiserver',
      'does not accept scheduler.conf',
      'kube-apiserver runs with the certificates of before',
    ]) {
      expect(result.output).toContain(text);
    }
    expect(result.output).not.toContain('admin.conf');
    // It was not started anew, and serves the new ones.
    expect(result.output).not.toContain('etcd runs');
  });
});

describe("the kubelets' own certificates", () => {
  const kubelets = (texts: Record<string, string>): Promise<void> =>
    machine.program(
      'kubectl',
      `case "$*" in
        *'get nodes'*) printf '%s\\n' m1 m2 m3 ;;
        ${Object.entries(texts)
          .map(([name, text]) => `*nodes/${name}/proxy/metrics) printf '${text}' ;;`)
          .join('\n')}
        *) exit 1 ;;
      esac`,
    );
  const metrics = (ttl: string, errors: number): string =>
    `# HELP kubelet_certificate_manager_client_ttl_seconds x\\n` +
    `kubelet_certificate_manager_client_ttl_seconds ${ttl}\\n` +
    `kubelet_certificate_manager_client_expiration_renew_errors ${errors}\\n`;

  it('are fine while each has time, and one that cannot be asked is told', async () => {
    await kubelets({ m1: metrics('2.9e+07', 0), m2: metrics('3600', 0) });
    const result = await run(kubeletCertificatesStep);
    expect(result).toMatchObject({ outcome: 'done' });
    expect(result.output).toContain('could not be asked: m3');
    expect(result.output).toContain('2 kubelets');
  });

  it('are not where one ends soon and another could not be had, or has ended', async () => {
    await kubelets({
      m1: metrics('2.9e+07', 4),
      m2: metrics('864000', 2),
      m3: metrics('-7200', 0),
    });
    const result = await run(kubeletCertificatesStep);
    expect(result).toMatchObject({ outcome: 'failed' });
    expect(result.output).toContain('m2 has 240 hours to go; m3 has -2 hours to go');
    expect(result.output).not.toContain('m1 has');
  });
});
