import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { NodeSpec } from '../../core/cluster.js';
import { fixtureNode } from '../../test/fixtures/cluster.js';
import { fixtureStepContext } from '../../test/fixtures/stepContext.js';
import {
  scriptMachine,
  type ScriptMachine,
  type ScriptResult,
} from '../../test/fixtures/stepScript.js';
import { kubeletConfigStep, kubeletConfigUploadStep } from './kubelet-config.js';

let machine: ScriptMachine;
beforeEach(async () => {
  machine = await scriptMachine();
  await machine.put('var/lib/kubelet/config.yaml', 'maxPods: 110\n');
  await machine.put('var/lib/kubelet/kubeadm-flags.env', FLAGS);
  await machine.put('state/owner', 'claimed');
  await machine.put('uploaded', 'maxPods: 110\n');
  // kubeadm makes the file of the ConfigMap and the patch.
  await machine.program(
    'kubeadm',
    `echo "$*" >>"$D/kubeadm-said"
     [[ $* == 'upgrade node phase kubelet-config'* ]] || exit 0
     { cat "$D/uploaded"; [[ $* != *--patches=* ]] || cat "\${5#--patches=}"/*; } >"$D/var/lib/kubelet/config.yaml"`,
  );
  await machine.program(
    'systemctl',
    `[[ $1 == restart ]] || exit 0
     echo restart >>"$D/restarts"
     cat "$D/var/lib/kubelet/config.yaml" >"$D/runs-with"`,
  );
  // A kubelet that breaks with a setting of one pod.
  await machine.program('curl', `! grep -q 'maxPods: 1$' "$D/runs-with" || exit 7; printf ok`);
  await machine.program(
    'kubectl',
    `case "$*" in
       *lastHeartbeatTime*) printf 'True %s' "$(date -u -d "+$(cat "$D/late" 2>/dev/null || echo 1) seconds" +%FT%TZ)" ;;
     esac`,
  );
  await machine.program('journalctl', 'echo "kubelet says so"');
});
afterEach(() => machine.remove());

const FLAGS =
  'KUBELET_KUBEADM_ARGS="--container-runtime-endpoint=unix:///run/containerd/containerd.sock --node-ip=10.77.0.11 --pod-infra-container-image=registry.k8s.io/pause:3.10.1 --v=2"\n';

const run = (node: Partial<NodeSpec> = { kubeletExtraArgs: { v: '2' } }): Promise<ScriptResult> =>
  machine.run(
    kubeletConfigStep,
    fixtureStepContext({
      nodes: [fixtureNode(1, { roles: ['ControlPlane', 'Worker'], ...node })],
      node: 'm1',
    }),
    ['/var/lib/kubelet', '/etc/plinth', '/etc/kubernetes'],
  );
const restarts = async (): Promise<number> =>
  ((await machine.said('restarts')) ?? '').split('\n').filter((line) => line !== '').length;
const flags = () => machine.said('var/lib/kubelet/kubeadm-flags.env');

describe('kubelet-config', () => {
  it('leaves a kubelet alone that has its settings', async () => {
    expect((await run()).outcome).toBe('skipped');
    expect(await restarts()).toBe(0);
    expect(await machine.said('state/kubelet-before/complete')).toBeUndefined();
  });

  it('takes what the cluster has for all of its nodes, and restarts the kubelet once', async () => {
    await machine.put('uploaded', 'maxPods: 77\n');
    expect((await run()).outcome).toBe('done');
    expect(await machine.said('runs-with')).toBe('maxPods: 77');
    expect(await restarts()).toBe(1);
    expect((await run()).outcome).toBe('skipped');
    expect(await restarts()).toBe(1);
  });

  it('keeps nothing of settings that kubeadm refuses: a later attempt would take it for its own', async () => {
    await machine.put('uploaded', 'maxPods: 77\n');
    await machine.put('refuses', '');
    await machine.program(
      'kubeadm',
      `[[ ! -e $D/refuses ]] || { echo broken >"$D/var/lib/kubelet/config.yaml"; exit 1; }
       cat "$D/uploaded" >"$D/var/lib/kubelet/config.yaml"`,
    );
    const result = await run();
    expect(result).toMatchObject({ outcome: 'failed', failCode: 'StepFailed' });
    expect(result.output).toContain('kubeadm does not take the kubelet settings');
    expect(await machine.said('var/lib/kubelet/config.yaml')).toBe('maxPods: 110');
    expect(await machine.said('state/kubelet-before/complete')).toBeUndefined();
    expect(await restarts()).toBe(0);
  });

  it("adds the node's own to it, and takes that away again", async () => {
    const own = { kubeletExtraArgs: { v: '2' }, kubeletConfigurationOverrides: 'maxPods: 55' };
    expect((await run(own)).outcome).toBe('done');
    expect(await machine.said('runs-with')).toContain('{"maxPods":55}');
    expect((await run()).outcome).toBe('done');
    expect(await machine.said('runs-with')).toBe('maxPods: 110');
    expect(await machine.said('kubeadm-said')).toMatch(/--patches=.*\n.*kubelet-config$/);
  });

  it("changes people's flags, and keeps those that kubeadm gave", async () => {
    const result = await run({ kubeletExtraArgs: { v: '4', 'max-pods': '9' } });
    expect(result.outcome, result.output).toBe('done');
    expect(await flags()).toBe(
      'KUBELET_KUBEADM_ARGS="--container-runtime-endpoint=unix:///run/containerd/containerd.sock --pod-infra-container-image=registry.k8s.io/pause:3.10.1 --max-pods=9 --node-ip=10.77.0.11 --v=4"',
    );
    await run({});
    expect(await flags()).not.toMatch(/--v=|--max-pods/);
    expect(await restarts()).toBe(2);
  });

  it('gives the kubelet back what it had where it does not become Ready with the new ones', async () => {
    await machine.put('uploaded', 'maxPods: 1\n');
    const result = await quickly(() => run({ kubeletExtraArgs: { v: '9' } }));
    expect(result).toMatchObject({ outcome: 'failed', failCode: 'StepFailed' });
    expect(result.output).toContain('has those of before back');
    expect(result.output).toContain('kubelet says so');
    expect(await machine.said('var/lib/kubelet/config.yaml')).toBe('maxPods: 110');
    expect(await flags()).toBe(FLAGS.trim());
    expect(await machine.said('runs-with')).toBe('maxPods: 110');
  });

  it('does not take for Ready what the node was before its restart', async () => {
    await machine.put('uploaded', 'maxPods: 77\n');
    await machine.put('late', '-40');
    const result = await quickly(() => run());
    expect(result.outcome).toBe('failed');
  });

  it('goes on after it was cut off between the files and the restart', async () => {
    await machine.put('uploaded', 'maxPods: 77\n');
    await machine.put('var/lib/kubelet/config.yaml', 'maxPods: 77\n');
    for (const [file, text] of [
      ['config.yaml', 'maxPods: 110\n'],
      ['kubeadm-flags.env', FLAGS],
      ['complete', ''],
    ] as const) {
      await machine.put(`state/kubelet-before/${file}`, text);
    }
    expect((await run()).outcome).toBe('done');
    expect(await restarts()).toBe(1);
    expect(await machine.said('state/kubelet-before/complete')).toBeUndefined();
  });

  /** Time that the script waits in passes at once. */
  async function quickly(work: () => Promise<ScriptResult>): Promise<ScriptResult> {
    const { READY_SECONDS } = kubeletConfigStep.params(
      fixtureStepContext({ nodes: [fixtureNode(1, { roles: ['ControlPlane'] })], node: 'm1' }),
    );
    expect(READY_SECONDS).toBe('180');
    const params = kubeletConfigStep.params.bind(kubeletConfigStep);
    const short = (context: Parameters<typeof params>[0]) => ({
      ...params(context),
      READY_SECONDS: '1',
    });
    const step = kubeletConfigStep as { params: typeof params };
    step.params = short;
    try {
      return await work();
    } finally {
      step.params = params;
    }
  }
});

describe('kubelet-config-upload', () => {
  const upload = (): Promise<ScriptResult> =>
    machine.run(
      kubeletConfigUploadStep,
      fixtureStepContext({
        nodes: [fixtureNode(1, { roles: ['ControlPlane', 'Worker'] })],
        config: { kubeletConfigurationOverrides: 'maxPods: 77' },
        node: 'm1',
      }),
    );

  it("gives kubeadm the spec's, and says where nothing has changed", async () => {
    await machine.program(
      'kubeadm',
      `[[ $* == 'init phase upload-config kubelet --config '* ]] || exit 1
       grep -c maxPods "\${@: -1}" >"$D/given"
       if [[ -e $D/old ]]; then mv "$D/old" "$D/map"; fi`,
    );
    await machine.program('kubectl', 'cat "$D/map"');
    await machine.put('map', 'maxPods: 110');
    await machine.put('old', 'maxPods: 77');
    expect((await upload()).outcome).toBe('done');
    expect(await machine.said('given')).toBe('1');
    expect((await upload()).outcome).toBe('skipped');
    // Nothing of it stays on the machine.
    expect(await machine.said('run/kubelet.yaml')).toBeUndefined();
  });

  it('fails where the API server does not answer', async () => {
    await machine.program('kubectl', 'exit 1');
    expect(await upload()).toMatchObject({ outcome: 'failed', failCode: 'StepFailed' });
  });
});
