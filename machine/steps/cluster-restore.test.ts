import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { fixtureNode } from '../../test/fixtures/cluster.js';
import { fixtureRestore, fixtureStepContext } from '../../test/fixtures/stepContext.js';
import {
  scriptMachine,
  type ScriptMachine,
  type ScriptResult,
} from '../../test/fixtures/stepScript.js';
import {
  controlPlaneResetStep,
  controlPlaneRestoreStep,
  etcdRestoreStep,
  kubernetesStopStep,
  nodePruneStep,
  nodeRejoinStep,
  systemRestartStep,
} from './cluster-restore.js';
import type { RestoreContext, StepModule } from './types.js';

// openssl, tar and three runs of bash: seconds on a computer that is busy.
vi.setConfig({ testTimeout: 60_000 });

let machine: ScriptMachine;
beforeEach(async () => {
  machine = await scriptMachine();
  await machine.program('systemctl', 'echo "$*" >>"$D/systemctl"');
  await machine.program('ctr', 'echo "$*" >>"$D/ctr"');
  await machine.program('umount', ':');
  await mkdir(join(machine.dir, 'state/artifacts'), { recursive: true });
  await mkdir(join(machine.dir, 'proc'));
});
afterEach(() => machine.remove());

const nodes = [
  fixtureNode(1, { roles: ['ControlPlane', 'Worker'] }),
  fixtureNode(2, { roles: ['ControlPlane'] }),
  fixtureNode(3),
];
const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const run = (
  module: StepModule,
  { node = 'm1', restore = fixtureRestore }: { node?: string; restore?: RestoreContext } = {},
): Promise<ScriptResult> =>
  machine.run(module, { ...fixtureStepContext({ nodes, node }), restore }, [
    // Processes of this computer are none of the machine's.
    ...['/etc/kubernetes', '/var/lib/etcd', '/var/lib/kubelet', '/proc', '/etc/cni/net.d'],
  ]);
const at = (path: string): string => join(machine.dir, path);
const said = (path: string): Promise<string | undefined> => machine.said(path);
const ORIGIN = 'state/restored-from';

/** A control plane of the lost cluster, with some of its files. */
async function lostControlPlane(): Promise<void> {
  await machine.put('etc/kubernetes/manifests/etcd.yaml', 'old');
  await machine.put('etc/kubernetes/admin.conf', 'old');
  await machine.put('etc/kubernetes/plinth-complete', 'c1');
  await machine.put('etc/kubernetes/pki/apiserver.crt', 'old');
  await machine.put('var/lib/etcd/member/snap/db', 'old data');
  await machine.put('var/lib/kubelet/pki/kubelet-client-current.pem', 'old');
}

describe('kubernetes-stop', () => {
  it('stops the kubelet and takes its manifests away, but only before the restore', async () => {
    await lostControlPlane();
    expect((await run(kubernetesStopStep)).outcome).toBe('done');
    expect(await said('systemctl')).toContain('stop kubelet.service');
    expect(await readdir(at('etc/kubernetes/manifests'))).toEqual([]);
    for (const mark of [fixtureRestore.turn, `${fixtureRestore.turn} sha256:a`]) {
      await machine.put(ORIGIN, mark);
      expect((await run(kubernetesStopStep)).outcome).toBe('skipped');
    }
    // An earlier one, or a turn in which another machine got the data.
    for (const mark of ['an earlier restore', fixtureRestore.id, `t0 ${fixtureRestore.turn}`]) {
      await machine.put(ORIGIN, mark);
      expect((await run(kubernetesStopStep)).outcome, mark).toBe('done');
    }
  });
});

describe('etcd-restore', () => {
  const data = Buffer.from('the data of etcd');
  const packed = gzipSync(data);

  /** A snapshot that has arrived, and etcd's tool in the image that is mounted. */
  async function arrived(content = packed): Promise<RestoreContext> {
    execFileSync('mkdir', ['-p', at('keys/etcd')]);
    await machine.put('keys/ca.key', 'the key');
    execFileSync('openssl', [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
      ...['-subj', '/CN=kubernetes', '-keyout', at('keys/sa.key'), '-out', at('keys/ca.crt')],
    ]);
    await machine.put('keys/etcd/ca.key', 'the key of etcd');
    const keys = execFileSync('tar', ['-C', at('keys'), '-czf', '-', '.']).toString('base64');
    await writeFile(at(`state/artifacts/${sha256(content)}`), content);
    await machine.program(
      'kubeadm',
      `[[ "$*" == 'config images list'* ]] && echo registry.k8s.io/etcd:3.6.6-0`,
    );
    await machine.program(
      'ctr',
      `[[ $3 == images ]] || exit 0
      mkdir -p "$6/usr/local/bin"
      cp "$D/etcdutl" "$6/usr/local/bin/etcdutl"
      chmod 755 "$6/usr/local/bin/etcdutl"`,
    );
    await machine.put(
      'etcdutl',
      `#!/bin/bash
      case "$*" in
        *--help) echo '--bump-revision --mark-compacted' ;;
        *)
          echo "$*" >>"$D/restored"
          cp "$3" "$D/read"
          mkdir -p "$5/member/snap"
          echo 'restored data' >"$5/member/snap/db" ;;
      esac`,
    );
    return {
      ...fixtureRestore,
      snapshot: { sha256: sha256(data), packedSha256: sha256(content), keys },
    };
  }

  it('puts keys and data in place, puts aside what was there, and does so once', async () => {
    const restore = await arrived();
    await lostControlPlane();
    const result = await run(etcdRestoreStep, { restore });
    expect(result.outcome, result.output).toBe('done');
    expect(await said('read')).toBe(data.toString());
    expect(await said('restored')).toMatch(
      /--name m1 --initial-cluster m1=https:\/\/\S+:2380 --initial-cluster-token t4k9w2p .*--bump-revision 1000000000 --mark-compacted/,
    );
    expect(await said('var/lib/etcd/member/snap/db')).toBe('restored data');
    expect(await said('etc/kubernetes/pki/ca.key')).toBe('the key');
    expect(await said('etc/kubernetes/pki/etcd/ca.key')).toBe('the key of etcd');
    expect(execFileSync('stat', ['-c', '%a', at('etc/kubernetes/pki/ca.key')]).toString()).toBe(
      '600\n',
    );
    for (const gone of ['pki/apiserver.crt', 'admin.conf', 'plinth-complete']) {
      expect(existsSync(at(`etc/kubernetes/${gone}`)), gone).toBe(false);
    }
    expect(await readdir(at('var/lib/kubelet/pki'))).toEqual([]);
    const aside = `state/before-restore/${restore.id}`;
    const kept = execFileSync('find', [at(aside), '-type', 'f', '-name', 'db'])
      .toString()
      .trim();
    expect(await readFile(kept, 'utf8')).toBe('old data');
    expect(await said('run/results/caCertHash')).toMatch(/^sha256:[0-9a-f]{64}$/);
    // Nothing of the snapshot stays beside what it became.
    expect(await readdir(at('state/artifacts'))).toEqual([]);
    expect(existsSync(at('state/restore'))).toBe(false);

    expect((await run(etcdRestoreStep, { restore })).outcome).toBe('skipped');
    expect(await said('var/lib/etcd/member/snap/db')).toBe('restored data');
  });

  it('goes on after a kill between putting aside and marking, and keeps the first that was there', async () => {
    const restore = await arrived();
    await lostControlPlane();
    expect((await run(etcdRestoreStep, { restore })).outcome).toBe('done');
    const again = await arrived();
    await rm(at(ORIGIN));
    await machine.put('var/lib/etcd/member/snap/db', 'half of it');
    expect((await run(etcdRestoreStep, { restore: again })).outcome).toBe('done');
    expect(await said('var/lib/etcd/member/snap/db')).toBe('restored data');
    const kept = execFileSync('find', [at('state/before-restore'), '-name', 'db'])
      .toString()
      .trim();
    expect(await readFile(kept, 'utf8')).toBe('old data');
  });

  it('touches nothing for a snapshot that is another than was taken, or has not arrived', async () => {
    const restore = await arrived(gzipSync(Buffer.from('something else')));
    await lostControlPlane();
    expect(await run(etcdRestoreStep, { restore })).toMatchObject({ failCode: 'ArtifactCorrupt' });
    expect(await said('var/lib/etcd/member/snap/db')).toBe('old data');
    const other = { ...restore, snapshot: { ...restore.snapshot!, packedSha256: 'none' } };
    expect(await run(etcdRestoreStep, { restore: other })).toMatchObject({
      failCode: 'ArtifactMissing',
    });
  });

  it.each([
    ['in a turn in which another machine got the data', 't0'],
    ['in this very turn', fixtureRestore.turn],
  ])(
    'puts the data on a machine that was only emptied %s, and keeps what it had first',
    async (_, turn) => {
      const restore = await arrived();
      await lostControlPlane();
      const emptied = await run(controlPlaneResetStep, { restore: { ...fixtureRestore, turn } });
      expect(emptied.outcome, emptied.output).toBe('done');
      const result = await run(etcdRestoreStep, { restore });
      expect(result.outcome, result.output).toBe('done');
      expect(await said('var/lib/etcd/member/snap/db')).toBe('restored data');
      expect(await said('etc/kubernetes/pki/ca.key')).toBe('the key');
      const kept = execFileSync('find', [at('state/before-restore'), '-name', 'db'])
        .toString()
        .trim();
      expect(await readFile(kept, 'utf8')).toBe('old data');
    },
  );

  it('is not done where the CA is another than the one that it put in place', async () => {
    const restore = await arrived();
    expect((await run(etcdRestoreStep, { restore })).outcome).toBe('done');
    await rm(at('etc/kubernetes/pki/ca.crt'));
    const again = await arrived();
    expect((await run(etcdRestoreStep, { restore: again })).outcome).toBe('done');
    expect(await readFile(at('etc/kubernetes/pki/ca.crt'))).toEqual(
      await readFile(at('keys/ca.crt')),
    );
  });

  it('says so where there is no etcd to read it with', async () => {
    const restore = await arrived();
    await machine.program('kubeadm', 'exit 1');
    expect(await run(etcdRestoreStep, { restore })).toMatchObject({
      failCode: 'StepFailed',
      output: expect.stringContaining('no etcd image') as string,
    });
  });
});

describe('control-plane-restore', () => {
  async function restored(): Promise<void> {
    await machine.put('var/lib/etcd/member/snap/db', 'restored data');
    execFileSync('mkdir', ['-p', at('etc/kubernetes/pki')]);
    execFileSync('openssl', [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
      ...[
        '-subj',
        '/CN=kubernetes',
        '-keyout',
        at('ca.key'),
        '-out',
        at('etc/kubernetes/pki/ca.crt'),
      ],
    ]);
    const hash = execFileSync('bash', [
      ...[
        '-c',
        'openssl x509 -pubkey -noout -in "$0" | openssl pkey -pubin -outform der | sha256sum',
      ],
      at('etc/kubernetes/pki/ca.crt'),
    ]).toString();
    await machine.put(ORIGIN, `${fixtureRestore.turn} sha256:${hash.split(' ')[0] ?? ''}\n`);
    await machine.program(
      'kubeadm',
      `echo "$*" >>"$D/asked"
      mkdir -p "$D/etc/kubernetes/manifests"
      touch "$D/etc/kubernetes/manifests/kube-apiserver.yaml" "$D/etc/kubernetes/admin.conf"`,
    );
    await machine.program(
      'kubectl',
      `echo "$*" >>"$D/kubectl"
      case "$*" in
        *readyz*) printf ok ;;
        *lease*) printf 2999-01-01T00:00:00.000000Z ;;
        *apply*) cat >"$D/identity" ;;
      esac`,
    );
  }

  it("initialises on the snapshot's keys and data, with the add-ons that it has, once", async () => {
    await restored();
    const result = await run(controlPlaneRestoreStep);
    expect(result.outcome, result.output).toBe('done');
    expect(await said('asked')).toMatch(
      /^init --config \S+ .*--ignore-preflight-errors=DirAvailable--var-lib-etcd --skip-phases=addon$/,
    );
    expect(await said('kubectl')).toContain('delete secret');
    expect(await said('identity')).toContain('id: c1');
    expect((await run(controlPlaneRestoreStep)).outcome).toBe('skipped');
    expect((await said('asked'))?.split('\n')).toHaveLength(1);
  });

  it('refuses where the data is not in place: kubeadm would make an empty cluster', async () => {
    await restored();
    const mark = (await said(ORIGIN)) ?? '';
    for (const other of ['another', fixtureRestore.turn, `${fixtureRestore.turn} sha256:aa`]) {
      await machine.put(ORIGIN, other);
      expect((await run(controlPlaneRestoreStep)).outcome, other).toBe('failed');
    }
    await machine.put(ORIGIN, mark);
    await rm(at('var/lib/etcd/member/snap/db'));
    expect((await run(controlPlaneRestoreStep)).outcome).toBe('failed');
    expect(await said('asked')).toBeUndefined();
  });
});

describe('node-prune', () => {
  it('deletes the other control planes, and who is in no spec and silent, once', async () => {
    await machine.program(
      'kubectl',
      `case "$*" in
        *'delete node'*) echo "$*" >>"$D/deleted" ;;
        *'get nodes'*) printf 'm1 m3 m7 gone alive' ;;
        *lease*) date +'alive %N'; echo 'gone then' ;;
      esac`,
    );
    const quick: StepModule = {
      ...nodePruneStep,
      params: (context) => ({ ...nodePruneStep.params(context), PATIENCE: '0' }),
    };
    expect((await run(quick)).outcome).toBe('done');
    const names = (await said('deleted'))
      ?.split('\n')
      .map((line) => /delete node (\S+)/.exec(line)?.[1]);
    expect(names).toEqual(['m7', 'gone']);
    expect((await run(quick)).outcome).toBe('skipped');
  });
});

describe('system-restart', () => {
  it('starts those again that are there, and waits for them', async () => {
    await machine.program(
      'kubectl',
      `case "$*" in
        *'get deployment/coredns'*) echo deployment.apps/coredns ;;
        *rollout*) echo "$*" >>"$D/rollouts" ;;
      esac`,
    );
    expect((await run(systemRestartStep)).outcome).toBe('done');
    const rollouts = (await said('rollouts'))?.split('\n') ?? [];
    expect(rollouts.map((line) => line.replace(/.*rollout /, ''))).toEqual([
      'restart deployment/coredns',
      'status deployment/coredns --timeout=180s',
    ]);
    await machine.program('kubectl', ':');
    expect((await run(systemRestartStep)).outcome).toBe('skipped');
  });
});

describe('control-plane-reset', () => {
  it('puts aside what it had, once, so that it joins anew', async () => {
    await lostControlPlane();
    await machine.program('kubeadm', ':');
    expect((await run(controlPlaneResetStep, { node: 'm2' })).outcome).toBe('done');
    expect(await readdir(at('var/lib/etcd'))).toEqual([]);
    expect(existsSync(at('etc/kubernetes/plinth-complete'))).toBe(false);
    const kept = execFileSync('find', [at('state/before-restore'), '-name', 'db'])
      .toString()
      .trim();
    expect(await readFile(kept, 'utf8')).toBe('old data');
    await machine.put('var/lib/etcd/member/snap/db', 'data of the restored cluster');
    expect((await run(controlPlaneResetStep, { node: 'm2' })).outcome).toBe('skipped');
    expect(await said('var/lib/etcd/member/snap/db')).toBe('data of the restored cluster');
  });
});

describe('node-rejoin', () => {
  const kubectl = (knows: string) =>
    machine.program(
      'kubectl',
      `case "$*" in
        *lease*) [[ -e $D/heard ]] && printf 2999-01-01T00:00:00.000000Z ;;
        *'get node'*) ${knows} ;;
      esac`,
    );

  it('leaves a kubelet alone whom the API server knows and hears of', async () => {
    await machine.put('etc/kubernetes/kubelet.conf', '');
    await machine.put('heard', '');
    await kubectl('true');
    expect((await run(nodeRejoinStep, { node: 'm3' })).outcome).toBe('skipped');
    expect(await said('systemctl')).not.toContain('restart');
  });

  it('starts it again where the snapshot does not know the node', async () => {
    await machine.put('etc/kubernetes/kubelet.conf', '');
    await machine.program(
      'systemctl',
      `echo "$*" >>"$D/systemctl"; [[ $1 != restart ]] || touch "$D/heard"`,
    );
    await kubectl('[[ -e $D/heard ]]');
    expect((await run(nodeRejoinStep, { node: 'm3' })).outcome).toBe('done');
    expect(await said('systemctl')).toContain('restart kubelet.service');
  });

  it('says what to do with a machine that has lost its credentials', async () => {
    const result = await run(nodeRejoinStep, { node: 'm3' });
    expect(result.hint).toContain('add it again');
  });
});
